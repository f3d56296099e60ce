"""``sendoff completion``: what may stand next on a command line, for bash, zsh and fish."""
