package io.pantala.examples.lab;

import io.pantala.examples.rig.Site;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Opens each socket in the network namespace of the host whose thread asks for it, so that hosts that share a process
 * have networks of their own. Java makes one when it is started with {@code java.nio.channels.spi.SelectorProvider} set
 * to this class; threads belong to the host that started them.
 */
public final class NamespaceChannels extends SelectorProvider {
    /** Where this thread's host is. Java's own instance of this class can be told in no other way. */
    private static final InheritableThreadLocal<@Nullable Site> HERE = new InheritableThreadLocal<>();

    private final SelectorProvider system;

    /** For Java. */
    public NamespaceChannels() {
        try {
            system = Class.forName("sun.nio.ch.EPollSelectorProvider")
                    .asSubclass(SelectorProvider.class)
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no epoll", e);
        }
    }

    /** From now on, this thread and those that it starts belong to a host at that site. */
    static void enter(Site site) {
        HERE.set(site);
    }

    private static <T> T inside(Callable<T> opening) throws IOException {
        Site here = HERE.get();
        if (here == null) {
            throw new IOException("a thread of no host wants a socket: " + Thread.currentThread());
        }
        try {
            return here.inside(opening);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return inside(system::openSocketChannel);
    }

    @Override
    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        return inside(() -> system.openSocketChannel(family));
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return inside(system::openServerSocketChannel);
    }

    @Override
    public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
        return inside(() -> system.openServerSocketChannel(family));
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return inside(system::openDatagramChannel);
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return inside(() -> system.openDatagramChannel(family));
    }

    @Override
    public Pipe openPipe() throws IOException {
        return system.openPipe();
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        return system.openSelector();
    }
}
