"""Tells Kubernetes which pods of workers run tasks: see controller.py."""
