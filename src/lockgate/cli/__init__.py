"""The command line: thin shells that start the programs and print what they find."""
