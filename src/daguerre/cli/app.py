"""The commands and their options."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from daguerre.cli.signals import Stop

app = typer.Typer(
    name="daguerre",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Restore old photographs on this machine: scratches, tears, dust and noise.",
)
models = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The models that do the work.")
app.add_typer(models, name="models")
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys for the service.")
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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Restore old photographs on this machine: scratches, tears, dust and noise."""


@app.command()
def restore(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Files, folders or patterns such as *.jpg.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="A file for one photo, else a folder.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Go into folders' folders.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip photos whose result is there.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results, never a photo.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per photo on stdout.")] = False,
    scratch_removal: Annotated[
        bool | None, typer.Option("--scratch-removal/--no-scratch-removal", help="Find and fill damage. [on]")
    ] = None,
    scratch_sensitivity: Annotated[
        float | None, typer.Option(metavar="0-100", help="How much is taken for damage. [50]")
    ] = None,
    denoise: Annotated[bool | None, typer.Option("--denoise/--no-denoise", help="Reduce noise. [on]")] = None,
    denoise_strength: Annotated[
        float | None, typer.Option(metavar="0-100", help="0 leaves noise, 25 removes what is visible. [25]")
    ] = None,
    face_enhancement: Annotated[
        bool | None, typer.Option("--face-enhancement/--no-face-enhancement", help="Enhance faces. [on]")
    ] = None,
    fidelity: Annotated[float | None, typer.Option(metavar="0-1", help="1 keeps a face's own features. [0.7]")] = None,
    face: Annotated[
        list[str] | None,
        typer.Option(metavar="N or X,Y,W,H", help="Enhance this face only: its number or box; repeatable."),
    ] = None,
    colorize: Annotated[
        bool | None, typer.Option("--colorize/--no-colorize", help="Colour a monochrome photo. [off]")
    ] = None,
    colorize_strength: Annotated[
        float | None, typer.Option(metavar="0-100", help="How strong the colours are. [85]")
    ] = None,
    treat_as_grayscale: Annotated[
        Literal["auto", "yes", "no"] | None,
        typer.Option(help="Whether the photo is monochrome; auto looks at it. [auto]"),
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y=#rrggbb", help="The colour of a place, in pixels from the top left; repeatable."),
    ] = None,
    upscale: Annotated[
        int | None, typer.Option(metavar="1, 2 or 4", help="Enlarge so many times each way. [1]")
    ] = None,
    fading: Annotated[
        float | None, typer.Option(metavar="0-100", help="Bring back colors and contrast that faded. [0]")
    ] = None,
    tone: Annotated[
        Literal["keep", "neutral"] | None, typer.Option(help="The tone of a monochrome photo, such as sepia. [keep]")
    ] = None,
    infrared: Annotated[
        bool | None,
        typer.Option("--infrared/--no-infrared", help="Find dust by a film scan's infrared channel, too. [off]"),
    ] = None,
    infrared_file: Annotated[
        Path | None, typer.Option(metavar="IR.tif", help="The infrared channel, where it lies apart. One photo.")
    ] = None,
    tier: Annotated[
        Literal["auto", "embedded", "full"], typer.Option("--models", help="Which models to use.")
    ] = "auto",
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="Write this format, not the photo's own.")
    ] = None,
    quality: Annotated[int | None, typer.Option(metavar="1-100", help="Of a lossy format. [as the photo's]")] = None,
    recover: Annotated[
        bool | None, typer.Option("--recover/--no-recover", help="Take what a truncated file holds. [off]")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(metavar="M.png", help="White where damaged; replaces the detection. One photo.")
    ] = None,
    mask_out: Annotated[
        Path | None, typer.Option(metavar="M.png", help="Store what was taken for damage. One photo.")
    ] = None,
    faces_out: Annotated[
        Path | None, typer.Option(metavar="F.png or F.json", help="Draw or list the faces that were found. One photo.")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"], typer.Option(help="Where the models run.")
    ] = "auto",
) -> None:
    """Restore photos. Results are named PHOTO_restored, beside the photo or in OUT.

    The photos themselves are never changed. One that cannot be restored does not stop the others.
    """
    from daguerre.cli.batch import Batch
    from daguerre.cli.faces import chosen_face
    from daguerre.cli.hints import color_hint
    from daguerre.cli.outputs import Places, UsageError
    from daguerre.settings import Settings

    wanted: dict[str, Any] = {
        "scratch_removal": scratch_removal, "scratch_sensitivity": scratch_sensitivity,
        "denoise": denoise, "denoise_strength": denoise_strength,
        "face_enhancement": face_enhancement, "fidelity": fidelity,
        "faces": [chosen_face(text) for text in face] if face else None,
        "colorize": colorize, "colorize_strength": colorize_strength,
        "color_hints": [color_hint(text) for text in hint] if hint else None,
        "treat_as_grayscale": treat_as_grayscale, "upscale": upscale,
        "fading": fading, "tone": tone, "infrared": True if infrared_file is not None else infrared,
        "recover": recover, "output_format": format, "quality": quality,
    }  # fmt: skip
    settings = Settings(models=tier, **{name: value for name, value in wanted.items() if value is not None})
    try:
        places = Places(
            photos,
            output,
            recursive=recursive,
            single=any(path is not None for path in (mask, mask_out, faces_out, infrared_file)),
        )
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    batch = Batch(
        places, settings, device=device, resume=resume, overwrite=overwrite, as_json=as_json,
        mask=mask, mask_out=mask_out, faces_out=faces_out, infrared=infrared_file, stop=context.obj,
    )  # fmt: skip
    raise typer.Exit(batch.run())


@app.command()
def inspect(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Photos.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
) -> None:
    """Tell what files hold, and what a restoration would keep, convert or drop."""
    from daguerre.cli.description import inspect

    raise typer.Exit(inspect(files, as_json=as_json))


@app.command()
def submit(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, or s3://bucket/prefix/.")],
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="Where results go: the same kinds of places.")],
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="The service. [the database and storage of the environment]")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="DAGUERRE_KEY", help="A key of that service.")] = None,
    settings: Annotated[
        str | None, typer.Option(metavar="JSON or @FILE", help="What is wanted, as the service takes it.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=500, help="Photos that are on their way at a time.")] = 32,
    failures: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON lines of what failed. [standard output]")
    ] = None,
) -> None:
    """Have a service restore every photo of a place. Photos that are done are skipped the next time."""
    from daguerre.cli.submit import submit

    raise typer.Exit(
        submit(
            context.obj, source, to=to, server=server, key=key, settings=settings, parallel=parallel,
            failures=failures,
        )
    )  # fmt: skip


@models.command("list")
def models_list(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the models: what each does, its size and whether it is installed."""
    from daguerre.cli.inventory import show

    raise typer.Exit(show(as_json))


Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="A bundle or models. [photo-restoration]")]
Accept = Annotated[bool, typer.Option("--accept-licence", help="Accept licences that forbid commercial use.")]


@models.command("install")
def models_install(
    context: typer.Context,
    names: Names = None,
    accept: Accept = False,
    as_json: Annotated[bool, typer.Option("--json", help="Progress as JSON lines.")] = False,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="PLACE", help="A folder, https:// or s3:// address that has their files."),
    ] = None,
) -> None:
    """Install published models; goes on where it was interrupted."""
    from daguerre.cli.install import install

    raise typer.Exit(install(names or [], context.obj, accept_licences=accept, as_json=as_json, source=source))


@models.command("verify")
def models_verify(names: Names = None) -> None:
    """Compare files with their published digests. [all that are there]"""
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
        list[str] | None, typer.Argument(metavar="[NAME...]", help="A bundle or models. [all that are installed]")
    ] = None,
) -> None:
    """Write installed models to an archive, for a machine without a network."""
    from daguerre.cli.install import export

    raise typer.Exit(export(path, names or []))


@models.command("import")
def models_import(
    path: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="A tar or zip with models' files.")],
    accept: Accept = False,
) -> None:
    """Install models from an archive."""
    from daguerre.cli.install import load

    raise typer.Exit(load(path, accept_licences=accept))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Check what Daguerre runs on, and say what is wrong and what to do."""
    from daguerre.cli.doctor import examine

    raise typer.Exit(examine(as_json))


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen; elsewhere than here keys are needed.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 13490,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that restore. [by cores or GPUs]")] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Let everybody in who can reach it.")] = False,
    warm: Annotated[bool, typer.Option("--warm", help="Load the models before the first job.")] = False,
    root_path: Annotated[str | None, typer.Option(metavar="/PATH", help="Where a proxy has put the service.")] = None,
) -> None:
    """Serve the HTTP API, with its workers. Ctrl-C stops it; no job is lost."""
    from daguerre.cli.serve import serve

    serve(context.obj, host=host, port=port, workers=workers, no_auth=no_auth, warm=warm, root_path=root_path)


@app.command()
def worker(
    context: typer.Context,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that restore. [by cores or GPUs]")] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"] | None,
        typer.Option(help="Where the models run."),
    ] = None,
    queues: Annotated[
        str | None, typer.Option(metavar="default,gpu,large", help="Take these jobs alone, on PostgreSQL. [all]")
    ] = None,
) -> None:
    """Restore for servers that share this folder, or the same PostgreSQL and object store."""
    from daguerre.cli.serve import work

    work(context.obj, workers=workers, device=device, queues=queues)


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    admin: Annotated[bool, typer.Option("--admin", help="It may install models and see the whole queue.")] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="It reads the metrics, and nothing else.")] = False,
    expires_days: Annotated[float | None, typer.Option(min=0, help="After these days it is not valid.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Its jobs wait for interactive ones, on PostgreSQL.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="So many of its jobs at a time, on PostgreSQL. [DAGUERRE_JOBS_PER_KEY]")
    ] = None,
) -> None:
    """Make a key and show it, this once. From the first one on, the service asks for keys."""
    from daguerre.cli.serve import create_key

    if admin and metrics:
        raise typer.BadParameter("A key is for administration or for metrics.")
    role: Literal["admin", "metrics", "user"] = "admin" if admin else "metrics" if metrics else "user"
    create_key(name, role, expires_days, job_class="batch" if batch else "interactive", job_limit=jobs)


@keys.command("list")
def keys_list() -> None:
    """List the keys, without their secrets."""
    from daguerre.cli.serve import list_keys

    list_keys()


@keys.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="A key's name or id.")]) -> None:
    """Revoke a key, at once."""
    from daguerre.cli.serve import revoke_key

    revoke_key(name)
