"""The commands and their options."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from daguerre.cli.chosen import takes_settings_of
from daguerre.cli.signals import Stop

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_EXAMPLES = """\b
Examples:
  daguerre restore grandma.jpg                      writes grandma_restored.jpg
  daguerre restore album -o restored --resume       a folder; run it again to continue
  daguerre restore wedding.tif --colorize           add color
  daguerre restore *.jpg -o out --compare           with before-and-after pictures
  daguerre restore scan.png --mask-out mask.png     see what counts as damage
  daguerre restore scan.png --mask mask.png         ... and correct it
  daguerre restore --watch scans -o restored        restore whatever the scanner puts there
"""

_IMMICH_EXAMPLES = """\b
Examples:
  export DAGUERRE_IMMICH_KEY=...                    made in Immich: Account Settings, API Keys
  daguerre immich --server https://photos.example --album Attic --dry-run
  daguerre immich --server https://photos.example --album Attic --stack
"""

app = typer.Typer(
    name="daguerre",
    no_args_is_help=True,
    context_settings=_HELP,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, context_settings=_HELP, help="Install and list models."
)
app.add_typer(models, name="models")
keys = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, context_settings=_HELP, help="Manage keys for the service."
)
app.add_typer(keys, name="keys")


def run(stop: Stop) -> int:
    """Run the command of ``sys.argv``; gives the exit code."""
    from daguerre.errors import DaguerreError, InvalidSettings
    from daguerre.failures import failure_of

    try:
        app(prog_name="daguerre", obj=stop)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # The reader has gone; the interpreter must not try to flush to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except InvalidSettings as error:
        return _fail(error.told(_option), failure_of(error).exit_code)
    except DaguerreError as error:
        return _fail(str(error), failure_of(error).exit_code)
    except OSError as error:
        return _fail(f"{error.filename or 'The output'}: {error.strerror or error}.", 1)
    return 0


_OPTIONS = {"output_format": "--format", "faces": "--face", "color_hints": "--hint"}
"""Settings whose options have other names."""


def _option(field: str) -> str:
    """What the command line calls a setting."""
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")


def _fail(sentence: str, code: int) -> int:
    print(f"daguerre: {sentence}", file=sys.stderr)
    return code


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"daguerre {version('daguerre')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Restore old photographs on your own computer: scratches, tears, dust, noise, faces and color."""


@app.command(short_help="Restore photos.", epilog=_EXAMPLES)
def restore(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO", help="Files, folders or patterns such as *.jpg.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="Where results go: a file for one photo, or a folder."),
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Include subfolders.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip photos that already have a result.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace earlier results. Photos are never replaced.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per photo.")] = False,
    scratch_removal: Annotated[
        bool | None,
        typer.Option("--scratch-removal/--no-scratch-removal", help="Repair scratches, tears and dust. [on]"),
    ] = None,
    scratch_sensitivity: Annotated[
        float | None, typer.Option(metavar="0-100", help="How readily something counts as damage. [50]")
    ] = None,
    denoise: Annotated[bool | None, typer.Option("--denoise/--no-denoise", help="Reduce noise. [on]")] = None,
    denoise_strength: Annotated[
        float | None, typer.Option(metavar="0-100", help="0 keeps all noise, 25 removes visible noise. [25]")
    ] = None,
    face_enhancement: Annotated[
        bool | None, typer.Option("--face-enhancement/--no-face-enhancement", help="Make soft faces clearer. [on]")
    ] = None,
    fidelity: Annotated[
        float | None, typer.Option(metavar="0-1", help="0 enhances faces most, 1 changes them least. [0.7]")
    ] = None,
    face: Annotated[
        list[str] | None,
        typer.Option(metavar="N|X,Y,W,H", help="Enhance only this face. Repeatable."),
    ] = None,
    colorize: Annotated[
        bool | None, typer.Option("--colorize/--no-colorize", help="Add color to black-and-white photos. [off]")
    ] = None,
    colorize_strength: Annotated[
        float | None, typer.Option(metavar="0-100", help="How strong the colors are. [85]")
    ] = None,
    treat_as_grayscale: Annotated[
        Literal["auto", "yes", "no"] | None,
        typer.Option(help="Whether the photo is black and white. [auto]"),
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y=#rrggbb",
            help="The color of a spot, in pixels from the top left. Implies --colorize. Repeatable.",
        ),
    ] = None,
    upscale: Annotated[int | None, typer.Option(metavar="1|2|4", help="Enlarge the photo this many times. [1]")] = None,
    negative: Annotated[
        Literal["auto", "bw", "color", "off"] | None,
        typer.Option(help="Make a positive of a film negative; auto tells whether it is one. [off]"),
    ] = None,
    fading: Annotated[
        float | None, typer.Option(metavar="0-100", help="Restore faded colors and contrast. [0]")
    ] = None,
    tone: Annotated[
        Literal["keep", "neutral"] | None,
        typer.Option(help="Keep or neutralize the tone of a black-and-white photo. [keep]"),
    ] = None,
    infrared: Annotated[
        bool | None,
        typer.Option("--infrared/--no-infrared", help="Also find dust in a film scan's infrared channel. [off]"),
    ] = None,
    infrared_file: Annotated[
        Path | None, typer.Option(metavar="IR.tif", help="The infrared channel in a file of its own. For one photo.")
    ] = None,
    tier: Annotated[
        Literal["auto", "embedded", "full"] | None, typer.Option("--models", help="Which models to use. [auto]")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Start from a recipe, by name or file, or from a restored photo's settings."),
    ] = None,
    save_recipe: Annotated[str | None, typer.Option(metavar="NAME", help="Save these settings as a recipe.")] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="File format of the result. [the photo's]")
    ] = None,
    quality: Annotated[
        int | None, typer.Option(metavar="1-100", help="Quality of a lossy format. [the photo's]")
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(metavar="EDTF|auto", help="When it was taken, such as 1957-08?; auto reads it from names."),
    ] = None,
    caption: Annotated[str | None, typer.Option(metavar="TEXT", help="What it shows, for its metadata.")] = None,
    recover: Annotated[
        bool | None,
        typer.Option("--recover/--no-recover", help="Accept truncated or damaged files and repair the rest. [off]"),
    ] = None,
    rotate: Annotated[
        int | None, typer.Option(metavar="0|90|180|270", help="Turn the photo clockwise first. [0]")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(metavar="M.png", help="Your own damage mask: white marks damage. For one photo.")
    ] = None,
    mask_out: Annotated[Path | None, typer.Option(metavar="M.png", help="Save the damage mask. For one photo.")] = None,
    faces_out: Annotated[
        Path | None,
        typer.Option(metavar="F.png|F.json", help="Save the detected faces, drawn or as a list. For one photo."),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also save a before-and-after picture.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be restored.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running and restore photos as they arrive in the folder.")
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"], typer.Option(help="Where the models run.")
    ] = "auto",
) -> None:
    """Restore photos. Each result is named PHOTO_restored and saved next to the photo or in OUT.

    Your photos are never changed. If one can't be restored, the others go on.
    """
    from daguerre import recipes
    from daguerre.cli.batch import Batch
    from daguerre.cli.chosen import chosen_settings
    from daguerre.cli.configuration import configuration
    from daguerre.cli.outputs import Places, UsageError

    folder = configuration().recipes
    settings = chosen_settings(context.params, folder)  # of the parameters from scratch_removal on
    single = any(path is not None for path in (mask, mask_out, faces_out, infrared_file))
    if watch and (len(photos) != 1 or not Path(photos[0]).is_dir() or single or dry_run):
        raise typer.BadParameter("--watch takes one folder, without masks, --faces-out and --dry-run.")

    if save_recipe is not None and not dry_run:
        recipes.save_recipe(settings, save_recipe, folder)

    def look() -> Places:
        return Places(photos, output, recursive=recursive, single=single)

    try:
        places = look()
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    batch = Batch(
        places, settings, device=device, resume=resume, overwrite=overwrite, as_json=as_json,
        mask=mask, mask_out=mask_out, faces_out=faces_out, compare=compare, dry_run=dry_run,
        infrared=infrared_file, stop=context.obj,
    )  # fmt: skip
    raise typer.Exit(batch.watch(Path(photos[0]), look) if watch else batch.run())


@app.command(short_help="Restore an album of an Immich server.", epilog=_IMMICH_EXAMPLES)
@takes_settings_of(restore)
def immich(
    context: typer.Context,
    server: Annotated[str, typer.Option(metavar="URL", help="The Immich server.")],
    album: Annotated[str, typer.Option(metavar="NAME", help="The album, by its name or id.")],
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the API key. [DAGUERRE_IMMICH_KEY]")
    ] = None,
    stack: Annotated[
        bool, typer.Option("--stack", help="Stack each restored photo with its original, the restored one on top.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be restored.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per photo.")] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"], typer.Option(help="Where the models run.")
    ] = "auto",
) -> None:
    """Restore the photos of an album on an Immich server and put the results beside them, in the same album.

    Originals are never changed or deleted. Run it again to continue: what is there already is skipped.
    """
    from daguerre.cli.chosen import chosen_settings
    from daguerre.cli.configuration import configuration
    from daguerre.cli.immich import restore_album

    settings = chosen_settings(context.params, configuration().recipes)
    raise typer.Exit(
        restore_album(
            context.obj, server, album, key_file=key_file, settings=settings, stack=stack, dry_run=dry_run,
            as_json=as_json, device=device,
        )
    )  # fmt: skip


@app.command(short_help="Split album pages into photos.")
def split(
    context: typer.Context,
    pages: Annotated[
        list[str], typer.Argument(metavar="PAGE", help="Scanned or photographed pages: files, folders or patterns.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="The folder for the photos. [the page's]")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Include subfolders.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace earlier photos. Pages are never replaced.")
    ] = False,
    upright: Annotated[
        bool, typer.Option("--upright/--no-upright", help="Turn photos whose faces say which side is up. [on]")
    ] = True,
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="File format of the photos. [the page's]")
    ] = None,
    quality: Annotated[
        int | None, typer.Option(metavar="1-100", min=1, max=100, help="Quality of a lossy format. [the page's]")
    ] = None,
    recover: Annotated[
        bool, typer.Option("--recover", help="Accept truncated or damaged files and split what is there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per photo.")] = False,
) -> None:
    """Find the photos on album pages and flatbed scans, straighten them and save each as PAGE-01, PAGE-02 and so on.

    Photos keep the page's resolution, color profile, bit depth and format. Your pages are never changed.
    """
    from daguerre.cli.outputs import Places, UsageError
    from daguerre.cli.split import Splitter
    from daguerre.imaging import registry

    if format is not None:
        registry.named(format)
    try:
        places = Places(pages, output, recursive=recursive, folder=True)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    splitter = Splitter(
        places, upright=upright, recover=recover, overwrite=overwrite, dry_run=dry_run, as_json=as_json,
        format=format, quality=quality, stop=context.obj,
    )  # fmt: skip
    raise typer.Exit(splitter.run())


@app.command()
def inspect(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Photos.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
) -> None:
    """Describe files, and what a restored file would keep, convert or drop."""
    from daguerre.cli.description import inspect

    raise typer.Exit(inspect(files, as_json=as_json))


@app.command()
def submit(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, or s3://bucket/prefix/.")],
    to: Annotated[
        str, typer.Option("--to", metavar="PLACE", help="Where results go: a folder or s3://bucket/prefix/.")
    ],
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="The server. [the database and storage in DAGUERRE_*]")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="DAGUERRE_KEY", help="A key for that server.")] = None,
    settings: Annotated[str | None, typer.Option(metavar="JSON|@FILE", help="Settings, as in the HTTP API.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=500, help="How many photos to send at once.")] = 32,
    failures: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to list failures, as JSON lines. [standard output]")
    ] = None,
) -> None:
    """Send a folder or bucket of photos to a server. Run it again to continue."""
    from daguerre.cli.submit import submit

    raise typer.Exit(
        submit(
            context.obj, source, to=to, server=server, key=key, settings=settings, parallel=parallel,
            failures=failures,
        )
    )  # fmt: skip


@models.command("list")
def models_list(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List models: what each does, its size and whether it's installed."""
    from daguerre.cli.inventory import show

    raise typer.Exit(show(as_json))


Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="A bundle or models. [photo-restoration]")]
Accept = Annotated[bool, typer.Option("--accept-licence", help="Accept licenses that forbid commercial use.")]


@models.command("install")
def models_install(
    context: typer.Context,
    names: Names = None,
    accept: Accept = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print progress as JSON lines.")] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="PLACE", help="Where to get the files: a folder, or an https:// or s3:// address."
        ),
    ] = None,
) -> None:
    """Install published models. Continues an interrupted download."""
    from daguerre.cli.install import install

    raise typer.Exit(install(names or [], context.obj, accept_licences=accept, as_json=as_json, source=source))


@models.command("verify")
def models_verify(names: Names = None) -> None:
    """Check model files against their published digests. [all installed]"""
    from daguerre.cli.install import verify

    raise typer.Exit(verify(names or []))


@models.command("remove")
def models_remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="A bundle or models.")],
) -> None:
    """Remove installed models."""
    from daguerre.cli.install import remove

    raise typer.Exit(remove(names))


@models.command("export")
def models_export(
    path: Annotated[Path, typer.Argument(metavar="ARCHIVE.tar", help="The file to write.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="A bundle or models. [all installed]")
    ] = None,
) -> None:
    """Pack installed models into an archive for a machine that is offline."""
    from daguerre.cli.install import export

    raise typer.Exit(export(path, names or []))


@models.command("import")
def models_import(
    path: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="A tar or zip archive of models.")],
    accept: Accept = False,
) -> None:
    """Install models from an archive."""
    from daguerre.cli.install import load

    raise typer.Exit(load(path, accept_licences=accept))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Check this installation and explain how to fix problems."""
    from daguerre.cli.doctor import examine

    raise typer.Exit(examine(as_json))


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on. Others than this machine need keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 13490,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Number of worker processes. [depends on cores and GPUs]")
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Let everyone in who can reach the server.")] = False,
    warm: Annotated[bool, typer.Option("--warm", help="Load the models before the first job.")] = False,
    root_path: Annotated[
        str | None, typer.Option(metavar="/PATH", help="The path under which a proxy serves Daguerre.")
    ] = None,
) -> None:
    """Serve the page and the HTTP API. Stop it with Ctrl-C; no job is lost."""
    from daguerre.cli.serve import serve

    serve(context.obj, host=host, port=port, workers=workers, no_auth=no_auth, warm=warm, root_path=root_path)


@app.command()
def worker(
    context: typer.Context,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of worker processes. [depends on cores and GPUs]")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"] | None,
        typer.Option(help="Where the models run."),
    ] = None,
    queues: Annotated[
        str | None, typer.Option(metavar="default,gpu,large", help="Take only these jobs (PostgreSQL). [all]")
    ] = None,
) -> None:
    """Work for servers that share this data folder, or the same PostgreSQL and object store."""
    from daguerre.cli.serve import work

    work(context.obj, workers=workers, device=device, queues=queues)


@app.command()
def mcp(
    context: typer.Context,
    folder: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="A folder that agents may use. Repeatable; needed.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Let agents look at photos, and write nothing.")
    ] = False,
    http: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Serve HTTP. [standard input and output]")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let --http listen beyond this machine, for everyone who can reach it.")
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"], typer.Option(help="Where the models run.")
    ] = "auto",
) -> None:
    """Serve tools for AI agents over the Model Context Protocol."""
    from daguerre.cli.mcp import serve

    serve(context.obj, folder or [], read_only=read_only, http=http, no_auth=no_auth, device=device)


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Who the key is for.")],
    admin: Annotated[bool, typer.Option("--admin", help="Can install models and see the whole queue.")] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Can read the metrics, and nothing else.")] = False,
    expires_days: Annotated[float | None, typer.Option(min=0, help="Days until the key expires.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Its jobs wait for interactive ones (PostgreSQL).")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many of its jobs run at once (PostgreSQL). [DAGUERRE_JOBS_PER_KEY]")
    ] = None,
) -> None:
    """Create a key and print it once. From the first key on, the service requires one."""
    from daguerre.cli.serve import create_key

    if admin and metrics:
        raise typer.BadParameter("Choose either --admin or --metrics.")
    role: Literal["admin", "metrics", "user"] = "admin" if admin else "metrics" if metrics else "user"
    create_key(name, role, expires_days, job_class="batch" if batch else "interactive", job_limit=jobs)


@keys.command("list")
def keys_list() -> None:
    """List keys, without their secrets."""
    from daguerre.cli.serve import list_keys

    list_keys()


@keys.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="A key's name or id.")]) -> None:
    """Revoke a key immediately."""
    from daguerre.cli.serve import revoke_key

    revoke_key(name)
