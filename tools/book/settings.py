"""Where this repository and its site are: the one setting in _config.yml, read here."""

import os

import yaml

from tools.book.source import ROOT


def repository() -> tuple[str, str]:
    """Return (address, branch) of the repository: the one setting, or what a workflow sets; address '' while unset."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8")).get("repository", {})
    url = os.environ.get("REPOSITORY_URL") or settings.get("url") or ""
    return url.rstrip("/").removesuffix(".git"), os.environ.get("REPOSITORY_BRANCH") or settings.get("branch") or "main"


def colab_url(doc: str) -> str | None:
    """Return the address that opens ``notebooks/<doc>.ipynb`` in Colab, None while no repository is set."""
    url, branch = repository()
    branch = os.environ.get("NOTEBOOKS_BRANCH") or branch  # where the deployment puts the notebooks it has filled in
    if "github.com/" not in url:
        return None
    return f"https://colab.research.google.com/github/{url.split('github.com/')[1]}/blob/{branch}/notebooks/{doc}.ipynb"


def site() -> str:
    """Return the web book's address: html.baseurl, else the repository's GitHub pages, else an empty string."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    base = (settings.get("html") or {}).get("baseurl") or ""
    url = repository()[0]
    if not base and "github.com/" in url:
        owner, name = url.split("github.com/")[1].split("/")[:2]
        base = f"https://{owner}.github.io/{name}"
    return base.rstrip("/")
