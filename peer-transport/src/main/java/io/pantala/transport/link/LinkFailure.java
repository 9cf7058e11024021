package io.pantala.transport.link;

import java.security.cert.CertificateException;

/** What went wrong on the way to a node, in words. */
public final class LinkFailure {
    private LinkFailure() {}

    /** TLS wraps what went wrong several times: says what was wrong with a certificate, else what is deepest. */
    public static String words(Throwable failure) {
        Throwable each = failure;
        while (each.getCause() != null && !(each instanceof CertificateException)) {
            each = each.getCause();
        }
        return each.getMessage() == null ? each.getClass().getSimpleName() : each.getMessage();
    }
}
