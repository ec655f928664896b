"""The checks of ``loopscope check``, one file each; ``checks`` puts them together."""
