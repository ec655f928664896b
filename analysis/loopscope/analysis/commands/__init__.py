"""The sub-commands of ``loopscope``, one file each.

In: words from a command line.  Out: a table, JSON or files.  Each body is a thin call of public
functions, and imports what is heavy only when it runs.
"""
