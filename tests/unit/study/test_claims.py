"""The paper's claims as they are listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from synthwire.errors import InputError
from synthwire.study.claims import FIELDS, read_claims

PUBLISHED = Path(__file__).parents[3] / "resources/paper"


def test_every_kind_of_test_is_used():
    claims = read_claims(PUBLISHED / "claims.yaml")
    assert {claim["test"] for claim in claims} == set(FIELDS)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"test": "trnd"}, "claim level_segm: test 'trnd' is none of"),
        ({"metric": "ap"}, "metric 'ap' is unknown"),
        ({"images": "table7"}, "image set 'table7' is unknown"),
        ({"limt": 3}, "'limt' is unknown to test 'level'"),
        ({"limit": None}, "'limit' is missing"),
        ({"id": "level_bbox"}, "claim level_bbox stands twice"),
    ],
)
def test_a_wrong_claim_is_named(tmp_path, edit, message):
    claims = yaml.safe_load((PUBLISHED / "claims.yaml").read_text())
    claims[0] = {key: value for key, value in {**claims[0], **edit}.items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(claims))
    with pytest.raises(InputError, match=message):
        read_claims(path)
