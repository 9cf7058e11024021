package io.pantala.proxy.setup;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gives the service of an engine the environment of one behind an HTTPS proxy, by a file beside its unit. Engines in Go
 * look for roots to trust in all directories that SSL_CERT_DIR lists, besides the system's file: so it is that engine
 * alone which trusts the authority, and taking it back leaves nothing behind.
 */
final class ServiceEnvironment {
    private static final Pattern TAKEN = Pattern.compile("(?i)\\b(https?_proxy|SSL_CERT_DIR|SSL_CERT_FILE)=\\S*");

    private ServiceEnvironment() {}

    static void draft(Draft draft, Target target, Engine engine, String unit) throws SetupException {
        String directory = "/etc/systemd/system/" + unit + ".service.d";
        for (String other : draft.list(directory, ".conf")) {
            refuseIfTaken(draft, other);
        }
        refuseIfTaken(draft, "/etc/systemd/system/" + unit + ".service");
        refuseIfTaken(draft, "/etc/default/" + unit);
        String trusted = "/etc/pantala/" + engine.title();
        draft.own(trusted + "/intercept-ca.crt", target.certificateOrFail());
        draft.own(directory + "/pantala.conf", """
                # pantala setup %s --undo takes this away.
                [Service]
                Environment="HTTP_PROXY=%2$s" "HTTPS_PROXY=%2$s"
                Environment="SSL_CERT_DIR=/etc/ssl/certs:/etc/pki/tls/certs:%3$s"
                """.formatted(engine.title(), target.url(), trusted));
    }

    private static void refuseIfTaken(Draft draft, String path) throws SetupException {
        Matcher taken = TAKEN.matcher(draft.read(path).orElse("").replaceAll("(?m)^\\s*#.*$", ""));
        if (taken.find()) {
            String name = taken.group(1);
            throw new SetupException(path + " sets " + name + " already: take it out"
                    + (name.toLowerCase(java.util.Locale.ROOT).endsWith("_proxy")
                            ? ", and give that proxy to Pantala as upstreams.NAME.proxy"
                            : ", and put the authority of Pantala there"));
        }
    }
}
