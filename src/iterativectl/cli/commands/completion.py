"""`iterativectl completion SHELL`."""

from __future__ import annotations

import click

from iterativectl.cli.invocation import current


@click.command(name="completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that lets SHELL (bash, zsh or fish) complete commands, options and project names.

    \b
    bash   echo 'eval "$(iterativectl completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(iterativectl completion zsh)"' >> ~/.zshrc
    fish   iterativectl completion fish > ~/.config/fish/completions/iterativectl.fish
    """
    from click.shell_completion import get_completion_class

    from iterativectl.cli.main import COMPLETION_VARIABLE, PROGRAM, cli

    completer = get_completion_class(shell)
    if completer is None:  # Choice and click's own list agree: a change of click's would show here
        raise click.BadParameter(f"click knows no completion for {shell}")
    current().out.write(completer(cli, {}, PROGRAM, COMPLETION_VARIABLE).source() + "\n")
