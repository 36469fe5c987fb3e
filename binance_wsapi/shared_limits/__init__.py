"""Limits that processes and hosts use up together, through Redis."""
