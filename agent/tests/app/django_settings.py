"""For django-celery-beat."""
import os

SECRET_KEY = 'only for the tests'
USE_TZ = True
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',
                         'NAME': os.environ['TEST_DATABASE']}}
INSTALLED_APPS = ['django_celery_beat']
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
