/** Tickets: without one that a seed has signed, no block leaves a node. */
@NullMarked
package io.pantala.transport.ticket;

import org.jspecify.annotations.NullMarked;
