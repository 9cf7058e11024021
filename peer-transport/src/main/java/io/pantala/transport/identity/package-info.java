/** Who the nodes of a cluster are: its authority, their certificates, the tokens they join with, TLS among them. */
@NullMarked
package io.pantala.transport.identity;

import org.jspecify.annotations.NullMarked;
