"""Telegram in: what a person asks there, answered by the same use cases as everywhere."""
