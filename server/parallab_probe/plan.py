"""Which functions of the standard library get which hooks. Read in the kernel only."""

from __future__ import annotations

from parallab_probe.weave import Weave

PLAN: dict[str, tuple[Weave, ...]] = {
    "multiprocessing.process": (
        Weave("BaseProcess.__init__", ("self", "target"), end="processes.made"),
        Weave("BaseProcess.run", end="", begin="lives.run_called"),
        Weave("BaseProcess.start", begin="processes.starting", end="processes.started", fail="processes.not_started"),
        Weave(
            "BaseProcess.join",
            ("self", "timeout"),
            begin="processes.joining",
            end="processes.joined",
            fail="processes.not_joined",
        ),
        Weave("BaseProcess.is_alive", end="processes.asked_alive"),
        Weave("BaseProcess.exitcode", end="processes.asked_exitcode"),
        Weave("BaseProcess.terminate", end="processes.terminated"),
        Weave("BaseProcess.kill", end="processes.killed"),
        Weave(
            "BaseProcess._bootstrap",
            begin="lives.arrived",
            before=(("self.run", "lives.running"),),
            handler="lives.raised",
            end="lives.leaving",
        ),
    ),
    "multiprocessing.util": (Weave("_exit_function", (), end="lives.left"),),
    "multiprocessing.popen_fork": (
        Weave("Popen._launch", ("process_obj",), begin="processes.launch_fork"),
        Weave("Popen.poll", begin="processes.polling", end="processes.polled"),
    ),
    "multiprocessing.popen_forkserver": (Weave("Popen.poll", begin="processes.polling", end="processes.polled"),),
    "multiprocessing.forkserver": (
        # Without it each of its children gets the probe for itself, which costs but time.
        Weave(
            "ForkServer.ensure_running",
            ("args",),
            before=(("util.spawnv_passfds", "processes.serving"),),
            optional=True,
        ),
    ),
    "multiprocessing.spawn": (Weave("get_preparation_data", ("name",), end="processes.prepared"),),
    "multiprocessing.connection": (
        Weave("wait", ("object_list", "timeout"), begin="processes.watching", end="processes.watched"),
        Weave("Pipe", ("duplex",), end="pipes.made"),
        Weave("_ConnectionBase.send", ("self", "obj"), begin="pipes.sending", end="pipes.sent", fail="pipes.failed"),
        Weave(
            "_ConnectionBase.send_bytes", ("self", "buf"), begin="pipes.sending", end="pipes.sent", fail="pipes.failed"
        ),
        Weave("_ConnectionBase.recv", begin="pipes.receiving", end="pipes.received", fail="pipes.failed"),
        Weave("_ConnectionBase.recv_bytes", begin="pipes.receiving", end="pipes.received", fail="pipes.failed"),
        Weave(
            "_ConnectionBase.recv_bytes_into", begin="pipes.receiving", end="pipes.received_into", fail="pipes.failed"
        ),
        Weave("_ConnectionBase.close", begin="pipes.closing", end="pipes.closed"),
    ),
    "threading": (
        Weave("Thread.__init__", end="threads.made"),
        Weave("Thread.run", begin="threads.run_called"),
        Weave("Thread.start", begin="threads.starting", end="threads.started", fail="threads.not_started"),
        Weave(
            "Thread._bootstrap_inner",
            begin="threads.running",
            handler="threads.raised",
            end="threads.ended",
            fail="threads.ended_badly",
        ),
        Weave(
            "Thread.join", ("self", "timeout"), begin="threads.joining", end="threads.joined", fail="threads.not_joined"
        ),
        Weave("Thread.is_alive", end="threads.asked_alive"),
        Weave("active_count", (), end="threads.counted"),
        Weave("enumerate", (), end="threads.counted"),
        *(
            Weave(name, begin="threads.meeting", end="threads.met")
            for name in ("Event.wait", "Condition.wait", "Condition.wait_for", "Semaphore.acquire")
        ),
        Weave("Barrier.wait", begin="barriers.wait", end="barriers.passes", fail="barriers.fails"),
    ),
    "multiprocessing.heap": (Weave("Heap._new_arena", ("self",), end="segments.arena"),),
    "subprocess": (
        Weave(
            "Popen.__init__",
            ("self", "args"),
            begin="programs.starting",
            end="programs.started",
            fail="programs.not_started",
        ),
        Weave("Popen._handle_exitstatus", end="programs.ended"),
    ),
    "multiprocessing.synchronize": (
        Weave("SemLock._make_name", (), end="locks.named"),
        Weave("SemLock.__init__", end="locks.made"),
        Weave("SemLock.__setstate__", end="locks.arrived"),
        Weave("SemLock.__enter__", instead="locks.try_enter", end="locks.entered", fail="locks.not_entered"),
        Weave("SemLock.__exit__", begin="locks.leaving", end="locks.left"),
        Weave("Condition.__setstate__", end="locks.part_of_condition"),
        Weave("Barrier.__setstate__", end="locks.part_of_barrier"),
    ),
    "multiprocessing.sharedctypes": (
        Weave("RawValue", (), end="numbers.made_raw"),
        Weave("RawArray", (), end="numbers.made_raw"),
        Weave("Value", (), begin="numbers.making", end="numbers.made", fail="numbers.not_made"),
        Weave("Array", (), begin="numbers.making", end="numbers.made", fail="numbers.not_made"),
    ),
    "multiprocessing.shared_memory": (
        Weave(
            "SharedMemory.__init__",
            ("self", "name", "create"),
            end="segments.opened",
            fail="segments.not_opened",
        ),
        Weave("SharedMemory.close", begin="segments.closing", end="segments.closed", fail="segments.not_closed"),
        Weave("SharedMemory.unlink", begin="segments.unlinking", end="segments.unlinked", fail="segments.not_unlinked"),
    ),
    "queue": (
        Weave("Queue.__init__", end="queues.made"),
        Weave(
            "Queue.put",
            ("self", "item"),
            before=(("self.not_full.wait", "queues.waits_to_put"),),
            after=(("self._put", "queues.put", ("self", "item")),),
            raises=(("Full", "queues.full"),),
        ),
        Weave(
            "Queue.get",
            before=(("self.not_empty.wait", "queues.waits_to_get"),),
            after=(("self._get", "queues.got", ("self", "item")),),
            raises=(("Empty", "queues.empty"),),
        ),
        Weave("Queue.empty", end="queues.looked"),
        Weave("Queue.task_done", end="queues.done"),
        Weave("Queue.join", begin="queues.joining", end="queues.joined"),
    ),
    "multiprocessing.queues": (
        Weave("Queue.__init__", ("self", "maxsize"), end="queues.mp_made"),
        Weave("Queue.__setstate__", end="queues.mp_arrived"),
        Weave("Queue.put", ("self", "obj"), end="queues.mp_put", raises=(("Full", "queues.mp_full"),)),
        Weave("Queue.get", end="queues.mp_got", raises=(("Empty", "queues.mp_empty"),)),
        Weave("Queue.empty", end="queues.mp_looked"),
        Weave("Queue._on_queue_feeder_error", ("e", "obj"), begin="queues.mp_unsent", optional=True),
        Weave("JoinableQueue.__init__", end="queues.mp_joinable_made"),
        Weave("JoinableQueue.__setstate__", end="queues.mp_joinable_arrived"),
        Weave("JoinableQueue.put", ("self", "obj"), end="queues.mp_put", raises=(("Full", "queues.mp_full"),)),
        Weave("JoinableQueue.task_done", end="queues.mp_done"),
        Weave("JoinableQueue.join", begin="queues.mp_joining", end="queues.mp_joined"),
        Weave("SimpleQueue.__init__", end="queues.mp_simple_made"),
        Weave("SimpleQueue.__setstate__", end="queues.mp_simple_arrived"),
        Weave("SimpleQueue.put", ("self", "obj"), begin="queues.mp_simple_putting", end="queues.mp_simple_put"),
        Weave("SimpleQueue.get", end="queues.mp_got"),
        Weave("SimpleQueue.empty", end="queues.mp_looked"),
    ),
    "multiprocessing.pool": (
        Weave("Pool.__init__", end="services.pool_begun", fail="services.pool_not_begun"),
        Weave("Pool.close", end="services.pool_closed"),
        Weave("Pool.terminate", begin="services.pool_terminating", end="services.pool_terminated"),
        Weave("Pool.join", begin="services.pool_joining", end="services.pool_joined"),
        Weave("Pool.apply_async", ("self", "func", "callback", "error_callback"), begin="tasks.applying"),
        Weave("Pool._map_async", ("self", "func", "mapper", "callback", "error_callback"), begin="tasks.mapping"),
        Weave("Pool.imap", ("self", "func"), begin="tasks.imapping"),
        Weave("Pool.imap_unordered", ("self", "func"), begin="tasks.imapping_unordered"),
        Weave("ApplyResult.__init__", end="tasks.made"),
        Weave("ApplyResult.get", begin="tasks.asking", end="tasks.got", fail="tasks.not_got"),
        Weave("ApplyResult._set", ("self", "i", "obj"), begin="tasks.arrived"),
        Weave("MapResult.__init__", end="tasks.map_made"),
        Weave("MapResult._set", ("self", "i", "success_result"), begin="tasks.arrived"),
        Weave("IMapIterator.__init__", end="tasks.made"),
        Weave("IMapIterator.next", begin="tasks.asking", end="tasks.got", fail="tasks.not_got"),
        Weave("IMapIterator._set", ("self", "i", "obj"), begin="tasks.arrived"),
        Weave("IMapUnorderedIterator._set", ("self", "i", "obj"), begin="tasks.arrived"),
        Weave(
            "worker",
            ("inqueue",),
            after=(("get", "tasks.taken", ("inqueue", "task")),),
            before=(("put", "tasks.did"),),
        ),
    ),
    "multiprocessing.managers": (
        Weave("BaseManager.start", end="services.manager_begun", fail="services.manager_not_begun"),
        Weave(
            "BaseProxy._callmethod",
            ("self", "methodname", "args", "kwds"),
            begin="proxies.calling",
            end="proxies.called",
            fail="proxies.not_called",
        ),
        Weave("BaseManager._finalize_manager", ("process",), begin="services.manager_shutdown"),
    ),
    "concurrent.futures._base": (
        Weave("Future.set_result", end="tasks.finished"),
        Weave("Future.set_exception", end="tasks.finished"),
        Weave("Future.result", begin="tasks.asking_future", end="tasks.got_future", fail="tasks.not_got_future"),
        Weave("Future.exception", begin="tasks.asking_future", end="tasks.got_exception", fail="tasks.not_got_future"),
        Weave("Future.add_done_callback", ("self", "fn"), begin="tasks.listening"),
    ),
    "concurrent.futures.process": (
        Weave("ProcessPoolExecutor.__init__", end="services.executor_begun"),
        Weave("ProcessPoolExecutor.shutdown", begin="services.executor_shutdown", end="services.executor_shut"),
        Weave("ProcessPoolExecutor.submit", ("self", "fn"), end="tasks.submitted"),
        Weave(
            "_process_worker",
            ("call_queue",),
            after=(("call_queue.get", "tasks.taken_call", ("call_queue", "call_item")),),
            before=(("_sendback_result", "tasks.did"),),
        ),
    ),
    "concurrent.futures.thread": (
        Weave("ThreadPoolExecutor.__init__", end="services.threads_begun"),
        Weave("ThreadPoolExecutor.shutdown", begin="services.threads_shutdown", end="services.threads_shut"),
        Weave("ThreadPoolExecutor.submit", ("self", "fn"), end="tasks.submitted"),
        Weave("_WorkItem.__init__", end="tasks.item_made"),
        Weave("_WorkItem.run", begin="tasks.item_runs"),
    ),
}
