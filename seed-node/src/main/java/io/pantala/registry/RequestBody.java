package io.pantala.registry;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The body of a request, as it comes from whoever sends it: read once, by one virtual thread. */
public interface RequestBody {
    /** Its bytes, if that is known ahead. */
    OptionalLong length();

    /** Whether the sender waits to be told that the registry wants it (RFC 9110, 10.1.1). */
    boolean awaitsContinue();

    /** The registry wants it. On any thread. */
    void proceed();

    /**
     * The next part; null at its end.
     *
     * @param idle how long to wait for it
     * @throws IOException when it breaks off
     */
    @Nullable
    Buffer next(Duration idle) throws IOException, InterruptedException;

    /** One that is all there. */
    static RequestBody of(byte[] bytes) {
        return new RequestBody() {
            private @Nullable Buffer left = Buffer.buffer(bytes);

            @Override
            public OptionalLong length() {
                return OptionalLong.of(bytes.length);
            }

            @Override
            public boolean awaitsContinue() {
                return false;
            }

            @Override
            public void proceed() {}

            @Override
            public @Nullable Buffer next(Duration idle) {
                Buffer next = left;
                left = null;
                return next;
            }
        };
    }
}
