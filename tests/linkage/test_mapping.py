"""No code of an agency is refused: mapped ones become our kinds, the others are counted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from controlroom.audit.models import Record
from controlroom.errors import Invalid
from incidents import catalogue
from incidents.models import Incident, Kind
from linkage import mapping
from linkage.models import Link
from linkage.models_agreements import KindMapping, UnmappedCode
from tests.conftest import make_member
from tests.linkage.conftest import envelope


@pytest.fixture(autouse=True)
def kinds(db):
    catalogue.install()


def kind(code: str) -> Kind:
    return Kind.objects.get(service="police112", code=code)


def test_a_mapped_code_comes_in_as_our_kind(link, post):
    KindMapping.objects.create(link=link, code="A17", kind=kind("102"))
    assert post(envelope(kind_code="A17", kind_name="강도")).status_code == 201
    assert Incident.objects.get().kind == kind("102")


def test_a_mapping_stands_above_a_code_of_ours_that_reads_the_same(link, post):
    KindMapping.objects.create(link=link, code="201", kind=kind("302"))
    post(envelope(kind_code="201"))
    assert Incident.objects.get().kind == kind("302")


def test_an_unmapped_code_is_taken_in_counted_and_mapped_for_later_reports(
    link, post, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert post(envelope(kind_code="Z9", kind_name="드론 추락")).status_code == 201
    incident = Incident.objects.get()
    assert incident.kind.is_mapped is False
    assert incident.kind.name_ko == "드론 추락"
    with django_capture_on_commit_callbacks(execute=True):
        post(envelope(kind_code="Z9", receipt_no="20261122-000002"))
    row = UnmappedCode.objects.get()
    assert (row.code, row.name, row.seen_count) == ("Z9", "드론 추락", 2)
    row.kind = kind("510")
    row.save()
    post(envelope(kind_code="Z9", kind_name="드론 추락", version=2))
    incident.refresh_from_db()
    assert incident.kind == kind("510")


def test_the_allowed_kinds_of_a_link_are_ours_after_mapping(link, post):
    Link.objects.update(allowed_kinds=["102"])
    KindMapping.objects.create(link=link, code="A17", kind=kind("102"))
    assert post(envelope(kind_code="A17")).status_code == 201
    assert post(envelope(kind_code="201", receipt_no="x-2")).json()["code"] == "kind_not_allowed"


def test_a_code_that_means_nothing_here_is_taken_in_also_where_the_kinds_are_limited(
    link, post, django_capture_on_commit_callbacks
):
    Link.objects.update(allowed_kinds=["102"])
    with django_capture_on_commit_callbacks(execute=True):
        assert post(envelope(kind_code="Z9")).status_code == 201
    assert Incident.objects.get().kind.is_mapped is False
    row = UnmappedCode.objects.get()
    assert row.seen_count == 1
    row.kind = kind("201")
    row.save()
    refused = post(envelope(kind_code="Z9", receipt_no="x-3"))
    assert refused.json()["code"] == "kind_not_allowed"


@pytest.mark.parametrize(
    "raw",
    [
        "코드,명칭,종별\nA1,강도,102\nA2,절도,104\n".encode(),
        "code,name,kind\r\nA1,강도,102\r\nA2,절도,104\r\n".encode("utf-8-sig"),
        "코드,명칭,종별\nA1,강도,102\nA2,절도,104\n".encode("cp949"),
        b"A1,102\nA2,104\n",
        "종별,코드\n102,A1\n\n104,A2\n".encode(),
    ],
    ids=["utf-8", "bom", "cp949", "no head", "other order"],
)
def test_a_table_of_codes_is_imported_as_it_comes(link, raw):
    assert mapping.import_csv(link=link, raw=raw) == mapping.Imported(2, 0, 0)
    assert mapping.import_csv(link=link, raw=raw) == mapping.Imported(0, 0, 2)
    found = dict(KindMapping.objects.values_list("code", "kind__code"))
    assert found == {"A1": "102", "A2": "104"}
    assert Record.objects.filter(action="link.codes_imported").count() == 2


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"code,kind\nA1,102\nA2,999\n", "3"),
        (b"code,kind\nA1,102\nA1,104\n", "3"),
        (b"code,kind\n,102\n", "2"),
        (b"", "file"),
        (b"\xff\xfe\x00\x00", "file"),
    ],
    ids=["unknown kind", "twice", "no code", "empty", "no text"],
)
def test_a_table_with_a_wrong_line_changes_nothing_and_names_it(link, raw, line):
    with pytest.raises(Invalid) as refused:
        mapping.import_csv(link=link, raw=raw)
    assert line in refused.value.fields
    assert not KindMapping.objects.exists()


def test_the_command_imports_a_file(link, tmp_path, capsys):
    file = tmp_path / "codes.csv"
    file.write_bytes("코드,명칭,종별\nA1,강도,102\n".encode("cp949"))
    call_command("import_kind_mapping", link.code, str(file))
    assert "1 added" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no link"):
        call_command("import_kind_mapping", "nobody", str(file))


def test_an_administrator_imports_and_maps_in_the_admin(client, administrator, link):
    client.force_login(administrator)
    address = reverse("admin:linkage_kindmapping_import")
    assert client.get(address).status_code == 200
    good = SimpleUploadedFile("codes.csv", "코드,명칭,종별\nA1,강도,102\n".encode("cp949"))
    assert client.post(address, {"link": link.pk, "file": good}).status_code == 302
    assert KindMapping.objects.get().kind == kind("102")
    bad = SimpleUploadedFile("codes.csv", b"code,kind\nA2,nothing\n")
    page = client.post(address, {"link": link.pk, "file": bad})
    assert page.status_code == 200
    assert "nothing" in page.content.decode()
    mapping.note_unmapped(source=link.code, code="Z9", name="드론")
    row = UnmappedCode.objects.get(kind=None)
    listed = reverse("admin:linkage_unmappedcode_changelist")
    assert "드론" in client.get(listed).content.decode()
    edit = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": row.pk,
        "form-0-kind": kind("510").pk,
        "_save": "1",
    }
    assert client.post(listed, edit).status_code == 302
    row.refresh_from_db()
    assert row.kind == kind("510")


def test_another_citys_keeper_imports_nothing_here(client, link, other_city):
    client.force_login(make_member("keeper2", other_city, "administrator"))
    file = SimpleUploadedFile("codes.csv", b"code,kind\nA1,102\n")
    address = reverse("admin:linkage_kindmapping_import")
    assert client.post(address, {"link": link.pk, "file": file}).status_code == 200
    assert not KindMapping.objects.exists()
