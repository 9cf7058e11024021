package io.pantala.examples.rig;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/** The system calls by which a thread enters a network namespace; Java has none. */
final class NamespaceCalls {
    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x40000000;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN = call("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SETNS = call("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private NamespaceCalls() {}

    /** From now on, sockets that this thread opens are in this namespace. There is no way back. */
    static void enter(Path namespace) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int descriptor = (int) OPEN.invokeExact(state, arena.allocateFrom(namespace.toString()), O_RDONLY);
            check("opening", descriptor, namespace, state);
            int entered = (int) SETNS.invokeExact(state, descriptor, CLONE_NEWNET);
            int error = (int) ERRNO.get(state, 0L);
            int _ = (int) CLOSE.invokeExact(state, descriptor);
            if (entered < 0) {
                throw new IOException("entering " + namespace + " failed with errno " + error);
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a system call throws nothing", e);
        }
    }

    private static void check(String what, int result, Path namespace, MemorySegment state) throws IOException {
        if (result < 0) {
            throw new IOException(what + " " + namespace + " failed with errno " + (int) ERRNO.get(state, 0L));
        }
    }

    // What makes it restricted is what it is for.
    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
    }
}
