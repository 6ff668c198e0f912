"""The only process that imports a framework: a command loop over a passed file descriptor.

Named on a command line by `harness.run.launch`, never imported by the rest of the house. It needs
the standard library, NumPy and its framework, so that it can live in a stranger's interpreter.
"""
