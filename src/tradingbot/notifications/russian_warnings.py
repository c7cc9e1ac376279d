"""What became of orders and what is the matter with an account, in Russian; as russian_reasons."""

from collections.abc import Mapping

WARNINGS: Mapping[str, str] = {
    # What became of an order.
    "Order placed: {order:said}.": "Ордер размещён: {order}.",
    "Order placed: {order:said}. {why:said}": "Ордер размещён: {order}. {why}",
    "Order filled: {order:said}.": "Ордер исполнен: {order}.",
    "Order cancelled: {order:said}.": "Ордер отменён: {order}.",
    "Order expired: {order:said}.": "Срок ордера истёк: {order}.",
    "Order rejected: {order:said}.": "Ордер отклонён: {order}.",
    "Order not placed: {order:said}: {why:said}.": "Ордер не размещён: {order}: {why}.",
    "Order refused: {order:said}: {why:said}.": "В ордере отказано: {order}: {why}.",
    "buy {quantity:figure} {coin:word}": "покупка {quantity} {coin}",
    "sell {quantity:figure} {coin:word}": "продажа {quantity} {coin}",
    "{order:said} at {price:figure} {quote:word}": "{order} по {price} {quote}",
    "{order:said} at the market price": "{order} по рыночной цене",
    "{order:said}, {filled:figure} {coin:word} of it filled": (
        "{order}, из этого исполнено {filled} {coin}"
    ),
    "placed by hand": "размещён вручную",
    "cancelled before it was sent": "отменён до отправки",
    "the exchange never received it, and can no longer accept it": (
        "биржа его не получила и больше не может принять"
    ),
    "the exchange let it expire": "срок истёк на бирже",
    "order {id:count} is {status:said} already": "ордер {id} уже {status}",
    "not kept in time: look again in a moment": "не успели записать: посмотрите чуть позже",
    "the rate limits leave no room right now: nothing was sent": (
        "лимиты биржи сейчас исчерпаны: ничего не отправлено"
    ),
    "this Idempotency-Key came with another body before": (
        "этот Idempotency-Key уже был с другим запросом"
    ),
    "this cursor is none of ours; leave it out to begin": "такой страницы нет, начните с первой",
    # Our names for why an exchange ended an order.
    "would_match": "исполнился бы сразу",
    "no_liquidity": "не хватило встречных ордеров",
    "self_match": "встретился бы с вашим же ордером",
    "market_closed": "рынок закрыт",
    "price_not_allowed": "такая цена не разрешена",
    "price_out_of_bounds": "цена слишком далека от рынка",
    "quantity_not_allowed": "такое количество не разрешено",
    "below_minimum_notional": "сумма ордера слишком мала",
    # An order's states.
    "planned": "запланирован",
    "sending": "отправляется",
    "open": "открыт",
    "partially_filled": "исполнен частично",
    "filled": "исполнен",
    "cancelled": "отменён",
    "rejected": "отклонён",
    "expired": "истёк",
    "not_placed": "не размещён",
    # Money that came in or is missing.
    "{amount:figure} {coin:word}": "{amount} {coin}",
    "{amount:figure} {coin:word} and {rest:sums}": "{amount} {coin} и {rest}",
    "{amounts:sums} came in from outside, free for any bot": (
        "пришло извне {amounts}, свободно для любого бота"
    ),
    "{amounts:sums} less than the books say, taken from the free part": (
        "на {amounts} меньше, чем в учёте, списано со свободной части"
    ),
    "{amounts:sums} are missing": "не хватает {amounts}",
    "{amounts:sums} are missing that belong to {owners:shares}": (
        "не хватает {amounts}, их владельцы: {owners}"
    ),
    "{owner:said} ({amount:figure})": "{owner} ({amount})",
    "{owner:said} ({amount:figure}), {rest:shares}": "{owner} ({amount}), {rest}",
    "bot {id:count}": "бот {id}",
    "orders may be refused until they are back": "пока их нет, в ордерах может быть отказано",
    # What was set aside, and what holds an account.
    "Trading on this account is held until you release it.": (
        "Торговля на счёте остановлена, пока вы её не разрешите."
    ),
    "trading on account {id:count} is held: {why:said}. Look at {page:word}, then POST "
    "{release:word}": (
        "торговля на счёте {id} остановлена: {why}. Посмотрите {page}, затем POST {release}"
    ),
    "Order {id:count} was thought never placed and is on the exchange: {status:said}": (
        "Ордер {id} считался неразмещённым, а на бирже он есть: {status}"
    ),
    "Order {id:count} is on the exchange ({status:said}), and by our books was never sent: the "
    "database lacks what it once held": (
        "Ордер {id} есть на бирже ({status}), а по нашему учёту не отправлялся: в базе нет того, "
        "что в ней было"
    ),
    "Order {id:count} is open in our books, and the exchange does not know it": (
        "Ордер {id} в нашем учёте открыт, а биржа его не знает"
    ),
    "Order {id:count} is {status:said} in our books and open on the exchange": (
        "Ордер {id} в нашем учёте {status}, а на бирже открыт"
    ),
    "An order of ours is open on the exchange and not in our books: {order:said}": (
        "На бирже открыт наш ордер, которого нет в учёте: {order}"
    ),
    "An order of ours was filled on the exchange and is not in our books: {order:said}": (
        "На бирже исполнен наш ордер, которого нет в учёте: {order}"
    ),
    "{order:said} on {symbol:word}": "{order}, {symbol}",
    "an order for": "ордер",
    "an order for {quantity:figure} {coin:word}": "ордер на {quantity} {coin}",
    "A message of the exchange cannot be read: {why:said}": (
        "Сообщение биржи не удалось прочесть: {why}"
    ),
    "no JSON object": "это не объект JSON",
    "of a market that is not listed, or with fields missing": (
        "рынка нет в списке, или не хватает полей"
    ),
    "a status never seen: {status:text}": "неизвестное состояние: {status}",
    "there is no {name:word}": "нет поля {name}",
    "{name:word} is no text: {value:text}": "{name} – не текст: {value}",
    "{name:word} is no id: {value:text}": "{name} – не номер: {value}",
    "{name:word} is neither true nor false: {value:text}": "{name} – ни да, ни нет: {value}",
    "{name:word} is no number: {value:text}": "{name} – не число: {value}",
    "{name:word} is absurdly large: {value:text}": "{name} слишком велико: {value}",
    "{name:word} is negative: {value:text}": "{name} меньше нуля: {value}",
    "{name:word} is not above zero: {value:text}": "{name} не больше нуля: {value}",
    "{name:word} is no time: {value:text}": "{name} – не время: {value}",
    "{name:word} is neither buy nor sell: {value:text}": (
        "{name} – ни покупка, ни продажа: {value}"
    ),
    "a list was asked for": "нужен список",
    "{filled:figure} of {quantity:figure} filled": "исполнено {filled} из {quantity}",
    "fills of {sum:figure} in a report of {filled:figure}": (
        "сделок на {sum} в отчёте на {filled}"
    ),
    "a fee of {fee:figure} {coin:text}": "комиссия {fee} {coin}",
    "{locked:figure} of {whole:figure} locked": "занято {locked} из {whole}",
    "What the exchange says of order {id:count} cannot be: {why:said}": (
        "То, что биржа говорит об ордере {id}, невозможно: {why}"
    ),
    "its numbers are no numbers": "его числа – не числа",
    "its totals are no amounts": "его итоги – не суммы",
    "its fills come to {filled:figure} of {quantity:figure}": (
        "сделок по нему на {filled} из {quantity}"
    ),
    "the report is of {symbol:text}, the order of {other:word}": (
        "отчёт о {symbol}, а ордер на {other}"
    ),
    "the report carries another client order id": "в отчёте другой клиентский номер ордера",
    "the exchange gave it number {number:word}, and now another": (
        "биржа дала ему номер {number}, а теперь другой"
    ),
    "it is a {side:said} order, the report of a {other:said} order": (
        "ордер – {side}, а отчёт – {other}"
    ),
    "it is for {quantity:figure}, the report for {other:figure}": (
        "ордер на {quantity}, а отчёт на {other}"
    ),
    "its price is {price:figure}, in the report {other:figure}": (
        "его цена {price}, а в отчёте {other}"
    ),
    "{filled:figure} filled of {quantity:figure}": "исполнено {filled} из {quantity}",
    "filled, but only {filled:figure} of {quantity:figure}": (
        "исполнен, но только {filled} из {quantity}"
    ),
    "it ended with {filled:figure} filled, and {before:figure} had been": (
        "закончился с исполненными {filled}, а было уже {before}"
    ),
    "trade {trade:text} was told before with another order or other numbers": (
        "сделка {trade} раньше была с другим ордером или другими числами"
    ),
    "trade {trade:text} is of another market or side": "сделка {trade} с другого рынка или стороны",
    "trade {trade:text} belongs to another order": "сделка {trade} от другого ордера",
    "trade {trade:text} has no quantity or no price": "у сделки {trade} нет количества или цены",
    "trade {trade:text} has an impossible fee of {fee:figure} {coin:text}": (
        "у сделки {trade} невозможная комиссия {fee} {coin}"
    ),
    # Books that do not add up.
    "Our books do not add up at {where:said}: {why:said}": "Наш учёт не сходится, {where}: {why}",
    "order {id:count}": "ордер {id}",
    "fill {id:count}": "сделка {id}",
    "finding {id:count}": "находка {id}",
    "filled {filled:figure} for {cost:figure}, its fills come to {sum:figure} for {worth:figure}": (
        "исполнено {filled} за {cost}, а сделок на {sum} за {worth}"
    ),
    "{status:said} with {filled:figure} of {quantity:figure} filled": (
        "{status}, а исполнено {filled} из {quantity}"
    ),
    "{side:said} {symbol:word} in order {id:count}, {other:said} {market:word}": (
        "{side} {symbol} в ордере {id}, а он – {other} {market}"
    ),
    "{quantity:figure} at {price:figure}, fee {fee:figure}": (
        "{quantity} по {price}, комиссия {fee}"
    ),
    "{status:said} without a signing time": "{status} без времени подписи",
    "sending since {at:text}": "отправляется с {at}",
    "to be cancelled since {at:text}": "должен быть отменён с {at}",
    "{status:said} without a number of the exchange's": "{status} без номера биржи",
    "number {number:word} is order {id:count} as well": "номер {number} есть и у ордера {id}",
    "its client order id is order {id:count}'s as well": (
        "его клиентский номер есть и у ордера {id}"
    ),
    # A channel that is no more.
    "{channel:word} was switched off: {why:said}": "канал {channel} отключён: {why}",
    "no letter can go to this address": "на этот адрес письмо отправить нельзя",
    "{service:word} answered HTTP {status:count}": "{service}: ответ HTTP {status}",
}
