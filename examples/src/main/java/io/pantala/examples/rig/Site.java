package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Where programs run and from where connections are opened: this machine as it is, or one host of a {@link Network}. */
public final class Site {
    private static final Path NAMESPACES = Path.of("/run/netns");

    private final String name;
    private final String address;
    private final @Nullable String namespace;

    Site(String name, String address, @Nullable String namespace) {
        this.name = name;
        this.address = address;
        this.namespace = namespace;
    }

    /** This machine, on loopback. */
    public static Site here() {
        return new Site("here", "127.0.0.1", null);
    }

    /** A host of a network that another program made. */
    public static Site in(String namespace) {
        return new Site(namespace, "127.0.0.1", namespace);
    }

    public String name() {
        return name;
    }

    /** Its network namespace, as {@code ip netns} knows it; empty for this machine as it is. */
    public Optional<String> namespace() {
        return Optional.ofNullable(namespace);
    }

    /** By which other hosts of the same network reach it. */
    public String address() {
        return address;
    }

    /** The socket address of a port here, as other hosts see it. */
    public InetSocketAddress port(int port) {
        return new InetSocketAddress(address, port);
    }

    /** The command that runs a command here. */
    public List<String> command(List<String> command) {
        if (namespace == null) {
            return command;
        }
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        inside.addAll(command);
        return inside;
    }

    /** Opens a connection from here. */
    public SocketChannel connect(InetSocketAddress to, Duration timeout) throws IOException, InterruptedException {
        SocketChannel channel = inside(SocketChannel::open);
        try {
            channel.socket().connect(to, Math.toIntExact(timeout.toMillis()));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Listens here; port 0 is any free one. */
    public ServerSocketChannel listen(int port) throws IOException, InterruptedException {
        ServerSocketChannel channel = inside(ServerSocketChannel::open);
        try {
            return channel.bind(new InetSocketAddress(address, port));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Does something in this namespace: a socket belongs to that of the thread that opens it, whoever uses it. */
    public <T> T inside(Callable<T> opening) throws IOException, InterruptedException {
        FutureTask<T> task = new FutureTask<>(() -> {
            if (namespace != null) {
                NamespaceCalls.enter(NAMESPACES.resolve(namespace));
            }
            return opening.call();
        });
        if (namespace == null) {
            task.run();
        } else {
            Thread.ofPlatform().daemon().name("in-" + namespace).start(task);
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
