package io.pantala.proxy.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The wishes of a service manager or a user at the terminal that this process end: the first SIGTERM or SIGINT asks, the
 * second one ends it at once. A shutdown hook could not tell a second signal, nor let the process exit with 0; the
 * class that can has no name that javac lets pass without a warning, so it is reached by reflection.
 */
public final class Signals {
    private static final int FIRST = 128;

    /** timeout(1), and whoever signals a process and its group, sends what is one wish twice. */
    private static final Duration ONE_WISH = Duration.ofMillis(300);

    private final AtomicReference<@Nullable Long> askedAt = new AtomicReference<>();
    private final Runnable onFirst;

    private Signals(Runnable onFirst) {
        this.onFirst = onFirst;
    }

    /** From now on, the first signal runs this. */
    public static void onFirst(Runnable wish) {
        Signals signals = new Signals(wish);
        signals.on("TERM", FIRST + 15);
        signals.on("INT", FIRST + 2);
    }

    private void received(int exitCode) {
        long now = System.nanoTime();
        Long first = askedAt.compareAndExchange(null, now);
        if (first == null) {
            onFirst.run();
        } else if (now - first > ONE_WISH.toNanos()) {
            Runtime.getRuntime().halt(exitCode);
        }
    }

    private void on(String name, int exitCode) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler reaction = (self, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    received(exitCode);
                    yield null;
                }
                case "equals" -> false;
                case "hashCode" -> exitCode;
                default -> name;
            };
            signal.getMethod("handle", signal, handler)
                    .invoke(
                            null,
                            signal.getConstructor(String.class).newInstance(name),
                            Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, reaction));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java can't handle SIG" + name, e);
        }
    }
}
