"""What is decided: pure functions over frozen values, with time and chance handed in."""
