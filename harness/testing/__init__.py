"""What holds backends to their word: the contract, a fake backend, and the corpus of planted faults.

Published, for authors of plugins test with it too.
"""
