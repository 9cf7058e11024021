package io.pantala.registry;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One request that a {@link FakeRegistry} got, and what became of it. */
public final class Exchange {
    private final String method;
    private final String target;
    private final boolean storage;
    private final List<Map.Entry<String, String>> headers;
    private final AtomicLong sent = new AtomicLong();
    private volatile int status;

    Exchange(String method, String target, boolean storage, List<Map.Entry<String, String>> headers) {
        this.method = method;
        this.target = target;
        this.storage = storage;
        this.headers = List.copyOf(headers);
    }

    public String method() {
        return method;
    }

    /** Raw, as it stood in the request line. */
    public String target() {
        return target;
    }

    public String path() {
        return target.contains("?") ? target.substring(0, target.indexOf('?')) : target;
    }

    /** Whether the object storage got it, where the registry redirects to. */
    public boolean storage() {
        return storage;
    }

    /** All values of a header, in order. */
    public List<String> headers(String name) {
        return headers.stream()
                .filter(header -> header.getKey().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT)))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** The first value of a header; null if there is none. */
    public @Nullable String header(String name) {
        return headers(name).stream().findFirst().orElse(null);
    }

    /** The status answered; 0 before, or if none was. */
    public int status() {
        return status;
    }

    /** Body bytes written so far. */
    public long sent() {
        return sent.get();
    }

    void answering(int with) {
        status = with;
    }

    void sent(long bytes) {
        sent.addAndGet(bytes);
    }

    @Override
    public String toString() {
        return (storage ? "storage " : "") + method + " " + target + " range=" + header("Range") + " -> " + status
                + ", " + sent + " bytes";
    }
}
