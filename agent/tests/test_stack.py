"""Which functions a thread is in."""
import threading

from cdk8s_celery_agent.stack import Stack


def test_the_functions_of_the_thread_that_made_it():
    inside, leave, made = threading.Event(), threading.Event(), []

    def waits():
        inside.set()
        leave.wait(60)

    def work():
        made.append(Stack())
        waits()
    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(60)
    stack, = made
    assert stack.is_in(waits.__code__)
    assert stack.is_in(work.__code__)
    assert not stack.is_in(test_the_functions_of_the_thread_that_made_it.__code__)
    assert stack.is_in_module('threading')
    assert stack.is_in_module(__name__)
    assert not stack.is_in_module('thread')
    assert not stack.is_in_module(f'{__name__}.more')
    leave.set()
    thread.join()
    assert not stack.is_in(work.__code__)
