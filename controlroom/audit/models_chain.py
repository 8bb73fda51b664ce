"""The chain over the audit record: its links, only ever added, and what is known of each chain.

Links are written by the database alone, in the commit of the records that they seal: see
migration 0003. A chain is a municipality's id, or NO_CITY for records without a municipality.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.models import Municipality

NO_CITY = 0


class ChainLink(models.Model):
    """One record's place in its chain: `hash` covers the record, the place and the link before.

    No foreign key in the database: a link must outlive a record that somebody took away.
    """

    record = models.OneToOneField(
        "audit.Record",
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="link",
    )
    chain = models.IntegerField()
    number = models.BigIntegerField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="link_number_once")]


class ChainState(models.Model):
    """What was last exported and last verified of a chain: for people and the auditor to see.

    It proves nothing, whoever owns the database can change it: what proves lies where the anchors
    are.
    """

    chain = models.IntegerField(primary_key=True)
    anchored_number = models.BigIntegerField(_("last exported number"), default=0)
    anchored_at = models.DateTimeField(_("last exported"), null=True)
    verified_number = models.BigIntegerField(_("last verified number"), default=0)
    verified_at = models.DateTimeField(_("last verified"), null=True)
    # What was found wrong, in codes of findings; only a good verification takes it away.
    fault = models.CharField(_("fault"), max_length=300, blank=True)


def name_of(chain: int, cities: dict[int, Municipality]) -> str:
    """Name a chain for people and machines by the code of its municipality."""
    if chain == NO_CITY:
        return "-"
    return cities[chain].code if chain in cities else f"#{chain}"
