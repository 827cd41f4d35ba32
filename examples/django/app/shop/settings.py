"""A Django project, as far as Celery sees it."""
import dj_database_url

SECRET_KEY = 'not used by workers'
USE_TZ = True
# Django's own is Chicago, for logs too.
TIME_ZONE = 'UTC'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django_celery_beat']
DATABASES = {'default': dj_database_url.config(conn_max_age=600)}
