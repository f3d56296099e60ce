"""The Python face: what a program does with uploads, over a desk."""
