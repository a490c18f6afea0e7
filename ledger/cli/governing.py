"""One command per governance statement: build, sign, submit.

Who has a right to which is the log's to judge.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from ledger.build import sign_governance
from ledger.cli.draft import deliver, draft_option
from ledger.cli.keys import read_about
from ledger.cli.target import (
    echo,
    json_option,
    key_option,
    load_key,
    log_option,
    now_ms,
    open_target,
)
from ledger.errors import Malformed
from ledger.statement.forms import FORMS
from ledger.statement.governance import (
    Admit,
    Governance,
    KeyAdd,
    KeyRevoke,
    PolicyChange,
    Product,
    Sites,
    Suspend,
)
from ledger.statement.parts import (
    PASSKEY,
    REVOCATIONS,
    ROLES,
    USES,
    Licence,
    Party,
    Policy,
    Site,
    Storage,
    time_text,
)


def submit_governance(
    options: dict[str, Any],
    make: Callable[[dict[str, Any]], Governance],
    extra_seeds: Sequence[bytes] = (),
    ids: Sequence[str] = (),
    secret: bytes = b"",
) -> None:
    """Build, sign and submit a governance statement; `make` gets what all of them have.

    `options` are those of `governance_options`; `ids` and `secret` are of a list that it commits to.
    """
    target = open_target(options["where"])
    key_paths: Sequence[Path] = options["key_paths"]
    about = read_about(key_paths[0])
    if not about.party:
        raise Malformed(f"{key_paths[0]} belongs to no party; sign with an admin key")
    common = {
        "by": about.party,
        "log": target.origin,
        "nonce": secrets.token_hex(16),
        "time": time_text(now_ms()),
    }
    body = make(common)
    seeds = [*(load_key(path) for path in key_paths), *extra_seeds]
    submission = sign_governance(body, seeds, ids, secret)
    kind = str(body.__struct_config__.tag)
    deliver(target, submission, options["draft"], options["as_json"], kind)


def governance_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every governance statement has."""
    for option in (json_option, log_option, draft_option, key_option):
        command = option(command)
    return command


def _licence_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, words in (
        ("--licence", "Licence number."),
        ("--licence-level", "What the licence is for."),
        ("--licence-expires", "Its last day, YYYY-MM-DD."),
    ):
        command = click.option(name, required=True, help=words)(command)
    return command


def _public(path: Path) -> str:
    return b64encode(read_about(path).public).decode()


@click.command()
@click.argument("gln")
@click.option("--name", required=True, help="The party's name.")
@click.option("--country", required=True, metavar="XX", help="ISO 3166 code.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(ROLES)),
    help="What the party may be; repeat for several.",
)
@click.option("--prefix", "prefixes", multiple=True, help="GS1 company prefix of the party.")
@click.option(
    "--admin-key", "admin_keys", multiple=True, required=True, type=click.Path(path_type=Path),
    help="Key file of an administrator (its public half is used).",
)  # fmt: skip
@click.option("--recovery-key", required=True, type=click.Path(path_type=Path), help="Kept away.")
@_licence_options
@governance_options
def admit(
    gln: str, name: str, country: str, roles: tuple[str, ...], prefixes: tuple[str, ...],
    admin_keys: tuple[Path, ...], recovery_key: Path, licence: str, licence_level: str,
    licence_expires: str, **options: Any) -> None:  # fmt: skip
    """Admit a party; signed by the authority's keys.

    \b
    Example:
      packtrace admit 9521301000007 --name 'Corner Pharmacy' --country BE --role pharmacy \\
        --licence APB-1 --licence-level pharmacy --licence-expires 2030-12-31 \\
        --admin-key admin.key --recovery-key recovery.key --key auth-1.key --key auth-2.key
    """
    held = Licence(expires=licence_expires, level=licence_level, number=licence)
    party = Party(
        country=country, gln=gln, licence=held, name=name, prefixes=sorted(prefixes),
        roles=sorted(roles),
    )  # fmt: skip
    submit_governance(options, lambda common: Admit(
        admin_keys=sorted(_public(path) for path in admin_keys),
        party=party,
        recovery_key=_public(recovery_key),
        **common,
    ))  # fmt: skip


@click.command()
@click.argument("gln")
@click.option("--party", required=True, metavar="GLN", help="Whose site it is.")
@click.option("--name", required=True, help="The site's name.")
@click.option("--address", required=True, help="Street address.")
@click.option("--activity", "activities", multiple=True, help="What is done there.")
@_licence_options
@governance_options
def sites(
    gln: str, party: str, name: str, address: str, activities: tuple[str, ...], licence: str,
    licence_level: str, licence_expires: str, **options: Any) -> None:  # fmt: skip
    """Record a site of a party; signed by the authority's keys.

    \b
    Example:
      packtrace sites 9521301000106 --party 9521301000007 --name Counter --address 'Main St 1' \\
        --licence APB-1 --licence-level pharmacy --licence-expires 2030-12-31 \\
        --key auth-1.key --key auth-2.key
    """
    held = Licence(expires=licence_expires, level=licence_level, number=licence)
    site = Site(activities=sorted(activities), address=address, gln=gln, licence=held, name=name)
    submit_governance(options, lambda common: Sites(party=party, sites=[site], **common))


@click.command()
@click.argument("gln")
@click.option("--reason", required=True, help="Why, in words.")
@governance_options
def suspend(gln: str, reason: str, **options: Any) -> None:
    """Suspend a party or site; signed by the authority's keys.

    \b
    Example:
      packtrace suspend 9521301000007 --reason 'licence withdrawn' --key auth-1.key --key auth-2.key
    """
    submit_governance(options, lambda common: Suspend(gln=gln, reason=reason, **common))


@click.command("key-add")
@click.argument("new_key", type=click.Path(path_type=Path))
@click.option("--site", "site_glns", multiple=True, metavar="GLN", help="Site it is bound to.")
@click.option(
    "--operation", "operations", multiple=True, type=click.Choice(sorted(FORMS)),
    help="What it may sign.",
)  # fmt: skip
@click.option(
    "--use",
    type=click.Choice(sorted(USES - {PASSKEY})),  # a passkey is in no key file
    default="station",
    show_default=True,
    help="Whose hand the key is in.",
)
@click.option("--staff", help="The site's own staff number; never a name.")
@click.option(
    "--from", "from_", required=True, metavar="YYYY-MM-DDThh:mm:ssZ", help="In force from."
)
@click.option("--expires", required=True, metavar="YYYY-MM-DDThh:mm:ssZ", help="In force until.")
@governance_options
def key_add(
    new_key: Path, site_glns: tuple[str, ...], operations: tuple[str, ...], use: str,
    staff: str | None, from_: str, expires: str, **options: Any) -> None:  # fmt: skip
    """Add a key to its party; signed by an admin key, and by the new key itself.

    \b
    Example:
      packtrace key-add counter.key --site 9521301000106 --operation receive --operation supply \\
        --from 2026-01-01T00:00:00Z --expires 2028-01-01T00:00:00Z --key admin.key
    """

    def make(common: dict[str, Any]) -> Governance:
        return KeyAdd(
            expires=expires, from_=from_, key=_public(new_key), operations=sorted(operations),
            sites=sorted(site_glns), staff=staff, use=use, **common,
        )  # fmt: skip

    submit_governance(options, make, [load_key(new_key)])


@click.command("key-revoke")
@click.argument("keyid")
@click.option("--reason", type=click.Choice(sorted(REVOCATIONS)), required=True, help="Why.")
@click.option(
    "--since", metavar="YYYY-MM-DDThh:mm:ssZ",
    help="What it signed from then on is suspect, and blocked until somebody has looked.",
)  # fmt: skip
@governance_options
def key_revoke(keyid: str, reason: str, since: str | None, **options: Any) -> None:
    """Revoke a key; signed by an admin key, by the key itself, or by the authority.

    \b
    Example:
      packtrace key-revoke a1386775…e7 --reason lost --since 2026-11-20T17:00:00Z --key admin.key
    """
    submit_governance(
        options, lambda common: KeyRevoke(keyid=keyid, reason=reason, since=since, **common)
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@governance_options
def policy(file: Path, **options: Any) -> None:
    """Replace the policy in force by the one in a JSON file; signed by the authority's keys.

    `policy-show` prints the one in force, to be changed in an editor.

    \b
    Example:
      packtrace policy policy.json --key auth-1.key --key auth-2.key
    """
    try:
        new = msgspec.json.decode(file.read_bytes(), type=Policy)
    except (OSError, msgspec.MsgspecError) as error:
        raise Malformed(f"{file} is not a policy: {error}") from error
    replaced = open_target(options["where"]).policy()["id"]
    submit_governance(
        options, lambda common: PolicyChange(policy=new, replaces=str(replaced), **common)
    )


@click.command("policy-show")
@log_option
@json_option
def policy_show(where: str, as_json: bool) -> None:
    """Print the policy in force, as the JSON that `policy` takes.

    \b
    Example:
      packtrace policy-show > policy.json
    """
    told = open_target(where).policy()
    echo(as_json, told, json.dumps(told["policy"], indent=2, ensure_ascii=False))


@click.command()
@click.argument("gtin")
@click.option("--name", required=True, help="The product's name.")
@click.option("--strength", required=True, help="As on the pack: 10 mg.")
@click.option("--form", required=True, help="Dosage form.")
@click.option("--pack-size", required=True, help="How much is in a pack: 30.")
@click.option(
    "--market",
    "markets",
    multiple=True,
    required=True,
    metavar="XX",
    help="ISO 3166 code of a country where it is sold.",
)
@click.option("--holder", required=True, metavar="GLN", help="Marketing authorisation holder.")
@click.option(
    "--packer", "packers", multiple=True, metavar="GLN", help="Party that may commission it too."
)
@click.option(
    "--wholesaler",
    "wholesalers",
    multiple=True,
    metavar="GLN",
    help="Wholesaler designated by the holder.",
)
@click.option("--storage", nargs=2, type=int, required=True, metavar="MIN MAX", help="Whole °C.")
@click.option("--national-code", help="The market's own number of the product.")
@governance_options
def product(
    gtin: str, name: str, strength: str, form: str, pack_size: str, markets: tuple[str, ...],
    holder: str, packers: tuple[str, ...], wholesalers: tuple[str, ...], storage: tuple[int, int],
    national_code: str | None, **options: Any) -> None:  # fmt: skip
    """Register a product; signed by an admin key of the party whose GS1 prefix it carries.

    \b
    Example:
      packtrace product 09521101000016 --name Examplin --strength '10 mg' --form tablet \\
        --pack-size 30 --market BE --holder 9521101000009 --storage 2 25 --key admin.key
    """
    low, high = storage
    submit_governance(options, lambda common: Product(
        form=form, gtin=gtin, holder=holder, markets=sorted(markets), name=name,
        national_code=national_code, pack_size=pack_size, packers=sorted(packers),
        storage=Storage(max=high, min=low), strength=strength, wholesalers=sorted(wholesalers),
        **common,
    ))  # fmt: skip


COMMANDS = (admit, sites, suspend, key_add, key_revoke, policy, policy_show, product)
