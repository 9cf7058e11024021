package io.pantala.proxy.notes;

import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.seed.http.SmallBody;
import io.pantala.transport.link.Access;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/** Notes that the hosts of a cluster share, kept by a seed. Hosts alone are let in. */
public final class NotesApi {
    /** Where those are that a seed may keep on disk. */
    public static final String LASTING = "/pantala/v1/notes";

    /** Where those are that tell of credentials. */
    public static final String PROOFS = "/pantala/v1/proofs";

    private static final int LARGEST = 256 << 10;
    private static final int AT_ONCE = 32;

    private final Vertx vertx;
    private final String path;
    private final Notes notes;
    private final Duration longest;
    private final Semaphore turns = new Semaphore(AT_ONCE);

    /** @param longest that a fact is believed, whatever a host says */
    public NotesApi(Vertx vertx, String path, Notes notes, Duration longest) {
        this.vertx = vertx;
        this.path = path;
        this.notes = notes;
        this.longest = longest;
    }

    public void mount(Routes routes) {
        routes.post(
                path,
                Access.HOSTS,
                (request, _) -> SmallBody.receive(vertx, request, LARGEST, body -> received(request, body)));
    }

    /** On disk, which an event loop can't wait for. */
    private void received(HttpServerRequest request, byte[] body) {
        Context loop = vertx.getOrCreateContext();
        if (!turns.tryAcquire()) {
            Problem.answer(request.response(), 503, "too many hosts ask at once");
            return;
        }
        Thread.startVirtualThread(() -> {
            try {
                byte[] answer = answer(NotesMessage.read(body), notes, longest).write();
                loop.runOnContext(_ -> request.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                        .end(Buffer.buffer(answer)));
            } catch (IOException | RuntimeException e) {
                loop.runOnContext(_ -> Problem.answer(request.response(), 400, String.valueOf(e.getMessage())));
            } finally {
                turns.release();
            }
        });
    }

    static NotesMessage answer(NotesMessage message, Notes notes, Duration longest) {
        message.told().forEach((name, note) -> {
            if (note.fact().length == 0) {
                notes.remove(name);
            } else {
                notes.put(name, note.fact(), note.life().compareTo(longest) < 0 ? note.life() : longest);
            }
        });
        Map<String, NotesMessage.Told> found = new LinkedHashMap<>();
        for (String name : message.asked()) {
            notes.find(name).ifPresent(fact -> found.put(name, new NotesMessage.Told(fact, Duration.ZERO)));
        }
        return new NotesMessage(found, List.of());
    }
}
