"""Puts the tasks of a listing, one a line, into task_cache as a Django command would: bulk_create(update_conflicts=True)."""
import json
import os
import sys

import django
from django.conf import settings

settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE']}}, USE_TZ=True)
django.setup()

from django.db import models, transaction
from django.utils import timezone

NAMES = ('account', 'project', 'phase', 'project_phase', 'department', 'discipline', 'task_type')


class Task(models.Model):
    id = models.BigAutoField(primary_key=True)
    external_id = models.CharField(max_length=255, unique=True)
    is_active = models.BooleanField()
    display_name = models.CharField(max_length=255)
    search_text = models.TextField()
    synced_at = models.DateTimeField()
    fields_json = models.JSONField(null=True)
    for name in NAMES:
        locals()[name] = models.CharField(max_length=255, null=True)
    del name

    class Meta:
        app_label = 'bench'
        db_table = 'task_cache'
        managed = False


now = timezone.now()
with open(sys.argv[1], encoding='utf-8') as lines:
    items = [json.loads(line) for line in lines]
tasks = [Task(external_id=item['external_id'], display_name=item['display_name'], search_text=item['display_name'].lower(),
              is_active=item['is_active'], synced_at=now, **{name: item.get(name) for name in NAMES}) for item in items]
with transaction.atomic():
    Task.objects.bulk_create(tasks, batch_size=4000, update_conflicts=True, unique_fields=['external_id'],
                             update_fields=['is_active', 'display_name', 'search_text', 'synced_at', *NAMES])
    Task.objects.filter(is_active=True).exclude(synced_at=now).update(is_active=False, synced_at=now)
