"""Alembic's migrations, which travel with the package so that the bot can upgrade itself."""
