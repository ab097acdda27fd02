"""Buttons that outlive the process."""
