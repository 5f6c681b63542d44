"""Its entrypoints."""

from dataclasses import dataclass
from typing import Any

from bench_source.schemas import View
from bench_source.spec import SPEC
from steward.facts import Decision, Fact
from steward.ids import new_id
from steward.service import Service, rpc
from steward.store.repository import Repository


@dataclass(frozen=True)
class Tale:
    id: str
    project: str
    text: str
    version: int = 0


TALES = Repository("tales", Tale)


class Source(Service):
    spec = SPEC

    @rpc
    def tell(self, project: str, body: dict[str, Any]) -> Any:
        with self.store.work() as work:
            tale = Tale(id=new_id(), project=project, text=body["text"])
            told = Fact("told", {"text": tale.text, "wait_s": body["wait_s"]})
            return work.answer(View().dump(work.apply(TALES, Decision(tale, (told,)))))

    @rpc
    def get(self, project: str, tale: str) -> Any:
        return View().dump(self.store.read.get(TALES, tale, project))
