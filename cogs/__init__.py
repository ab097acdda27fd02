"""Discord's surface: one module a command group. Cogs translate, nothing else."""
