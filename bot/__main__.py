"""`python -m bot` is the `troupe` command."""

from bot.cli.main import app

if __name__ == "__main__":
    app()
