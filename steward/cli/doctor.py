"""``steward doctor``."""

from __future__ import annotations

import logging
import sys

import click

from steward import settings
from steward.local import attach
from steward.local.doctor import examine


@click.command()
def command() -> None:
    """Look for what is wrong with this installation and say what mends it. The exit code is 1 when something is."""
    logging.getLogger().addHandler(logging.NullHandler())  # whatever is wrong is a finding, and told once
    findings = examine(attach.place(), settings.inherited())
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        click.echo(f"{'ok   ' if finding.good else 'WRONG'} {finding.name:{width}}  {finding.said}")
        if not finding.good:
            click.echo(f"      {'':{width}}  → {finding.mend}")
    sys.exit(0 if all(finding.good for finding in findings) else 1)
