"""Write the first purposes and legal bases, and give existing links their service's usual ones."""

from typing import Any

from django.db import migrations

from linkage import legal_catalogue


def install(apps: Any, schema_editor: Any) -> None:
    purpose = apps.get_model("linkage", "Purpose")
    legal_basis = apps.get_model("linkage", "LegalBasis")
    link = apps.get_model("linkage", "Link")
    for row in legal_catalogue.PURPOSES:
        purpose.objects.get_or_create(
            code=row.code, defaults={"name_ko": row.name_ko, "name_en": row.name_en}
        )
    for basis in legal_catalogue.BASES:
        legal_basis.objects.get_or_create(
            code=basis.code,
            defaults={
                "law_ko": basis.law_ko,
                "law_en": basis.law_en,
                "article": basis.article,
                "text_ko": basis.note_ko,
                "allowed_data": list(basis.allowed_data),
            },
        )
    for service, (purpose_code, basis_code) in legal_catalogue.USUAL.items():
        link.objects.filter(service=service, legal_basis=None).update(
            purpose=purpose.objects.get(code=purpose_code),
            legal_basis=legal_basis.objects.get(code=basis_code),
        )


class Migration(migrations.Migration):
    dependencies = [("linkage", "0008_agreements")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
