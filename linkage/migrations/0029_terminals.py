import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cctv', '0009_roads'),
        ('incidents', '0008_concerns'),
        ("linkage", "0028_stills"),
        ('municipalities', '0004_membership_label'),
    ]

    operations = [
        migrations.CreateModel(
            name='Terminal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40, verbose_name='terminal number')),
                ('call_sign', models.CharField(max_length=30, verbose_name='call sign')),
                ('code_digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('code_expires_at', models.DateTimeField(editable=False, null=True)),
                ('key_digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('registered_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='registered')),
                ('enrolled_at', models.DateTimeField(null=True, verbose_name='enrolled')),
                ('last_seen_at', models.DateTimeField(null=True, verbose_name='last seen')),
                ('retired_at', models.DateTimeField(null=True, verbose_name='retired')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terminals', to='linkage.link', verbose_name='link')),
                ('municipality', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='municipalities.municipality')),
            ],
            options={
                'verbose_name': 'police terminal',
                'verbose_name_plural': 'police terminals',
                'ordering': ['link', 'number', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='TerminalShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='reference')),
                ('case_number', models.CharField(max_length=60, verbose_name="agency's number")),
                ('unit', models.CharField(max_length=30, verbose_name='call sign of the unit')),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='shared')),
                ('expires_at', models.DateTimeField(verbose_name='ends at the latest')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('end_reason', models.CharField(blank=True, choices=[('agency_close', 'closed by the 112 room'), ('taken_back', 'taken back by the 112 room'), ('unit_left', 'the unit left the case'), ('incident_ended', 'the incident ended'), ('expired', 'its time ran out'), ('revoked', 'withdrawn by the centre'), ('replaced', 'another case was shared with the terminal'), ('terminal', 'the terminal was retired or enrolled anew'), ('link_stopped', 'the link or its legal basis ended')], max_length=16, verbose_name='why it ended')),
                ('opened_at', models.DateTimeField(null=True, verbose_name='first opened')),
                ('last_seen_at', models.DateTimeField(null=True, verbose_name='last seen')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='incidents.incident', verbose_name='incident')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='linkage.link', verbose_name='link')),
                ('municipality', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='municipalities.municipality')),
                ('terminal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='linkage.terminal', verbose_name='police terminal')),
            ],
            options={
                'verbose_name': 'case on a terminal',
                'verbose_name_plural': 'cases on terminals',
                'ordering': ['-given_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ShareView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('camera', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cctv.camera')),
                ('share', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='views', to='linkage.terminalshare')),
            ],
        ),
        migrations.AddConstraint(
            model_name='terminal',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('link', 'number'), name='terminal_once'),
        ),
        migrations.AddConstraint(
            model_name='terminal',
            constraint=models.UniqueConstraint(condition=models.Q(('code_digest', ''), _negated=True), fields=('code_digest',), name='terminal_code_once'),
        ),
        migrations.AddConstraint(
            model_name='terminal',
            constraint=models.UniqueConstraint(condition=models.Q(('key_digest', ''), _negated=True), fields=('key_digest',), name='terminal_key_once'),
        ),
        migrations.AddIndex(
            model_name='terminalshare',
            index=models.Index(fields=['incident', '-given_at'], name='share_by_incident'),
        ),
        migrations.AddIndex(
            model_name='terminalshare',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['expires_at'], name='share_open'),
        ),
        migrations.AddConstraint(
            model_name='terminalshare',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('terminal',), name='share_open_once'),
        ),
        migrations.AddConstraint(
            model_name='terminalshare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='share_end_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='shareview',
            constraint=models.UniqueConstraint(fields=('share', 'camera'), name='share_view_once'),
        ),
    ]
