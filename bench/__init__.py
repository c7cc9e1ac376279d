"""How fast and how small the system is, measured on this machine, against its budgets."""
