"""Makes ``python -m loopscope`` the same as the command ``loopscope``."""

import sys

from loopscope.analysis.cli import main

sys.exit(main())
