"""The same chunks on a Dask cluster: a real scheduler and real workers, each a process."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import distributed
import pytest

from loopscope.analysis.sweeping.filling import fill
from loopscope.analysis.sweeping.store import Store
from loopscope.models.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def started(*words):
    """A process of the cluster, which sees the source roots and the job that costs nothing."""
    roots = [
        *(str(ROOT / room) for room in ("models", "loops", "analysis")),
        str(Path(__file__).parent),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(roots)}
    return subprocess.Popen([sys.executable, "-m", "dask", *words], env=environment, **QUIET)


@dataclass(frozen=True)
class Cluster:
    """Address of a scheduler, what starts a worker, and all processes, the scheduler first."""

    address: str
    worker: Callable[[], None]
    processes: list[subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers."""
    file = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    processes = [
        started("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    ]
    try:
        for _ in range(300):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]

        def worker():
            words = ("worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
            processes.append(started(*words, "--local-directory", str(file.parent)))

        worker()
        worker()
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield Cluster(address, worker, processes)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def swept_there(fake, path, address, job, *, resume=False, progress=None, **asked):
    from loopscope.analysis.sweeping.scheduler import Recipe, version_here

    store = Store(path, fake.outline(job=job, **asked), resume=resume)
    recipe = Recipe(
        f"{job}", partial(fake.FakeJob, job.pause, job.failing, job.deadly), version_here()
    )
    try:
        fill(job, store, threads=1, recipe=recipe, scheduler=address, progress=progress)
    finally:
        store.close()


def test_workers_make_the_same_bytes_as_threads(fake, cluster, tmp_path, same):
    asked = {"runs": 150, "scenarios": ("base", "storm")}
    fake.written(tmp_path / "here.zarr", **asked)
    swept_there(fake, tmp_path / "there.zarr", cluster.address, fake.FakeJob(), **asked)
    same(tmp_path / "here.zarr", tmp_path / "there.zarr")


def test_the_chunk_of_a_worker_that_dies_is_done_again(fake, cluster, tmp_path, same):
    cluster.worker()  # in place of the one that will die
    deadly = tmp_path / "deadly"
    deadly.write_text("whoever takes this away dies")
    swept_there(fake, tmp_path / "there.zarr", cluster.address, fake.FakeJob(deadly=str(deadly)))
    assert not deadly.exists()
    fake.written(tmp_path / "here.zarr")
    same(tmp_path / "here.zarr", tmp_path / "there.zarr")


def test_a_client_serves_as_well_as_an_address(fake, cluster, tmp_path, same):
    from distributed import Client

    from loopscope.analysis.sweeping.scheduler import Recipe, version_here

    store = Store(tmp_path / "there.zarr", fake.outline())
    with Client(cluster.address, set_as_default=False) as client:
        fill(
            fake.FakeJob(), store, threads=1, client=client,
            recipe=Recipe("client", fake.FakeJob, version_here()),
        )  # fmt: skip
        assert client.status == "running", "the client is the caller's to close"
    store.close()
    fake.written(tmp_path / "here.zarr")
    same(tmp_path / "here.zarr", tmp_path / "there.zarr")


def test_a_worker_of_another_version_is_refused(fake, cluster, tmp_path):
    from loopscope.analysis.sweeping.scheduler import Recipe

    store = Store(tmp_path / "there.zarr", fake.outline())
    with pytest.raises(StudyError, match=r"another version of Loopscope: .* there, 0\.0 here"):
        fill(
            fake.FakeJob(), store, threads=1, scheduler=cluster.address,
            recipe=Recipe("old", fake.FakeJob, "0.0"),
        )  # fmt: skip
    store.close()


@pytest.mark.slow
def test_a_study_of_a_model_gives_the_same_bytes_on_workers(cluster, tmp_path, same):
    from loopscope import analysis

    study = {"runs": 3000, "seed": 2, "loops": {"track": "all"}, "series": ["fish"],
             "parameters": {"room": {"kind": "uniform", "low": 500.0, "high": 2000.0}}}  # fmt: skip
    pond = tmp_path / "pond.mdl"
    shutil.copy(ROOT / "docs" / "examples" / "pond.mdl", pond)
    analysis.sweep(pond, study, out=tmp_path / "here.zarr", threads=2)
    analysis.sweep(pond, study, out=tmp_path / "there.zarr", scheduler=cluster.address)
    same(tmp_path / "here.zarr", tmp_path / "there.zarr")


def test_a_scheduler_that_is_not_there_is_told_within_seconds(fake, tmp_path, monkeypatch):
    from loopscope.analysis.sweeping import scheduler

    monkeypatch.setattr(scheduler, "ANSWER", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", "nowhere"):
        with pytest.raises(StudyError, match=f"no Dask scheduler answers at '{address}'"):
            swept_there(fake, tmp_path / "a.zarr", address, fake.FakeJob(), resume=True)


def test_a_cluster_without_workers_is_told(fake, tmp_path, monkeypatch):
    from distributed import LocalCluster

    from loopscope.analysis.sweeping import scheduler

    monkeypatch.setattr(scheduler, "ANSWER", 1.0)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        pytest.raises(StudyError, match="has no worker; start some with 'dask worker"),
    ):
        swept_there(fake, tmp_path / "a.zarr", empty.scheduler_address, fake.FakeJob())


def test_without_dask_the_command_that_installs_it_is_told(fake, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match=r'pip install "loopscope\[dask\]"'):
        swept_there(fake, tmp_path / "a.zarr", "tcp://127.0.0.1:1", fake.FakeJob())


def test_a_cluster_that_goes_in_the_middle_is_told_and_nothing_is_lost(
    fake, cluster, tmp_path, same, monkeypatch
):  # The last test here: nothing of the cluster is left.
    from loopscope.analysis.sweeping import scheduler

    monkeypatch.setattr(scheduler, "ANSWER", 0.5)
    monkeypatch.setattr(scheduler, "ALONE", 1.0)

    def ending(processes, after):
        def step(done, total):
            if done > after:
                for process in processes:
                    process.kill()

        return step

    path, job = tmp_path / "there.zarr", fake.FakeJob(pause=0.02)
    with pytest.raises(StudyError, match=r"all workers of .* have gone.* are kept in"):
        swept_there(fake, path, cluster.address, job, progress=ending(cluster.processes[1:], 16))
    cluster.worker()
    monkeypatch.setattr(scheduler, "ANSWER", 60.0)
    again = {"resume": True, "progress": ending(cluster.processes[:1], 64)}
    with pytest.raises(StudyError, match=r"the Dask scheduler .* has gone.* are kept in"):
        swept_there(fake, path, cluster.address, job, **again)
    fake.written(path, resume=True)
    fake.written(tmp_path / "here.zarr")
    same(path, tmp_path / "here.zarr")
