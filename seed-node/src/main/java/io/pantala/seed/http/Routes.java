package io.pantala.seed.http;

import io.pantala.transport.link.Access;
import io.pantala.transport.link.Caller;
import io.pantala.transport.link.Denial;
import io.pantala.transport.link.Door;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import java.util.Optional;

/** The routes of a seed. None can be added without saying who may use it. */
public final class Routes {
    private final Router router;
    private final Door door;

    Routes(Router router, Door door) {
        this.router = router;
        this.door = door;
    }

    /** What answers a request that was let pass. */
    public interface Answering {
        void answer(HttpServerRequest request, Caller caller);
    }

    public void get(String path, Access access, Answering answering) {
        let(router.get(path), access, answering);
    }

    /** GETs of all paths that a regular expression matches. */
    public void getMatching(String paths, Access access, Answering answering) {
        let(router.getWithRegex(paths), access, answering);
    }

    public void post(String path, Access access, Answering answering) {
        let(router.post(path), access, answering);
    }

    /** All methods, of this path and all below it. */
    public void below(String path, Access access, Answering answering) {
        let(router.route(path + "/*"), access, answering);
    }

    private void let(Route route, Access access, Answering answering) {
        route.handler(context -> {
            HttpServerRequest request = context.request();
            Caller caller = door.caller(request);
            Optional<Denial> denial = door.check(access, caller, request);
            if (denial.isEmpty()) {
                answering.answer(request, caller);
            } else {
                deny(request, denial.get());
            }
        });
    }

    private static void deny(HttpServerRequest request, Denial denial) {
        if (denial.status() == 401) {
            request.response().putHeader("WWW-Authenticate", "Bearer realm=\"pantala\"");
        }
        if (!request.method().equals(HttpMethod.GET)) {
            // What the body holds is not worth reading.
            request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        Problem.answer(request.response(), denial.status(), denial.words());
    }
}
