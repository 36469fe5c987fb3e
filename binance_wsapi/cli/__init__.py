"""The command line: what a trader asks at a terminal, without a program."""
