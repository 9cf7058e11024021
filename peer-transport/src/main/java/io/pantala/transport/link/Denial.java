package io.pantala.transport.link;

/** Why someone may not use a route. */
public enum Denial {
    NOT_ENCRYPTED(403, "this takes TLS"),
    NO_CERTIFICATE(403, "this takes a certificate of the cluster: join with a token of `pantala token`"),
    CERTIFICATE_ENDED(403, "the certificate has ended: renew it, or join again"),
    SHUT_OUT(403, "this node was shut out of the cluster"),
    WRONG_ROLE(403, "this is for nodes of another role"),
    NO_TOKEN(401, "this takes an API token of `pantala token --api`, as 'Authorization: Bearer …'"),
    WRONG_TOKEN(401, "the API token is not, or no longer, one of those that are taken here");

    private final int status;
    private final String words;

    Denial(int status, String words) {
        this.status = status;
        this.words = words;
    }

    /** The HTTP status to answer with. */
    public int status() {
        return status;
    }

    /** Why, for people. */
    public String words() {
        return words;
    }
}
