/** What makes this proxy one for HTTP(S): CONNECT, the certificates shown behind it, and tunnels for everything else. */
@NullMarked
package io.pantala.proxy.intercept;

import org.jspecify.annotations.NullMarked;
