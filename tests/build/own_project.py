"""The project with layouts of a test's own, as a user adds them: staging files, and lines in dbt_project.yml."""

import shutil

import yaml
from conftest import NO_UNIT_TESTS, QUICK, ROOT, Build, environment
from in_process import Runner


class OwnProject:
    """A copy of the project by links, in a folder of its own; staging files are written beside the project's, or into
    what is really copied."""

    def __init__(self, folder, copied=(), **layouts: list[str]):
        self.folder = folder
        for entry in ROOT.iterdir():
            if entry.name in copied:
                shutil.copytree(
                    entry, folder / entry.name, ignore=shutil.ignore_patterns("__pycache__")
                )
            elif entry.name not in ("dbt_project.yml", "target", "logs", ".git"):
                (folder / entry.name).symlink_to(entry)
        settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))
        settings["model-paths"].append("own")
        settings["vars"]["layouts"].update(layouts)
        text = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=1000)
        (folder / "dbt_project.yml").write_text(text)

    def stage(self, layout: str, entity: str, raw: dict) -> None:
        """A staging file as docs/own-layout.md has them, with this declaration."""
        path = self.folder / "own" / "staging" / layout / f"stg_{layout}__{entity}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"{{% set raw = {raw!r} %}}\n"
            f"{{{{ config(meta={{'raw': raw}}, enabled=var('source_system') == '{layout}') }}}}\n\n"
            "{{ stage(raw) }}\n",
            "utf-8",
        )

    def run(
        self, layout: str, folder, raw, command="build", select=(), env=NO_UNIT_TESTS, **variables
    ) -> Build:
        """One command in a database of its own in `folder`."""
        folder.mkdir(exist_ok=True)
        arguments = [command, "--quiet", "--project-dir", str(self.folder)]
        arguments += ["--profiles-dir", str(ROOT), "--log-path", str(folder / "logs")]
        arguments += ["--target-path", str(self.folder / "target")]
        arguments += ["--vars", yaml.safe_dump({"source_system": layout, **variables})]
        arguments += ["--select", *select] if select else []
        values = {
            "CLIENTELE_DB": str(folder / "clientele.duckdb"),
            "CLIENTELE_PUBLISHED": str(folder / "published" / "clientele.duckdb"),
            "CLIENTELE_RAW": str(raw),
            **QUICK,
            **env,
        }
        said = []
        runner = Runner(
            callbacks=[
                lambda event: (
                    said.append(event.info.msg) if event.info.name == "JinjaLogInfo" else None
                )
            ]
        )
        with environment(**values):
            return Build(folder, runner.invoke(arguments), said)
