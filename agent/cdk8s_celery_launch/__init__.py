"""Composes URLs with passwords, and becomes the command that follows: see __main__.py."""
