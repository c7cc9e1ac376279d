"""Why a bot or an order did what it did, in Russian; how to read it: notifications.reasons."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    # Sentences side by side.
    "{first:said}; {rest:said}": "{first}; {rest}",
    "{first:said}: {rest:said}": "{first}: {rest}",
    "{first:said}. {rest:said}": "{first}. {rest}",
    "{why:said}.": "{why}.",
    # A bot's life.
    "{name:text} is running.": "{name} работает.",
    "{name:text} is there: {strategy:said} on {symbol:word} at {exchange:word} ({mode:said}).": (
        "{name} создан: {strategy}, {symbol}, {exchange} ({mode})."
    ),
    "stopped by its owner": "остановлен владельцем",
    "stopped before it had started": "остановлен до запуска",
    "stopped": "остановлен",
    "stopping": "останавливается",
    "the strategy failed: {why:said}": "стратегия дала сбой: {why}",
    "its saved parameters or state do not fit the strategy": (
        "сохранённые параметры или состояние не подходят стратегии"
    ),
    "{error:word} when asked for its funds": "{error} на вопрос о средствах",
    "more than {steps:count} steps without an end": "больше {steps} шагов, и конца нет",
    "it needs {needed:figure} {coin:word}, and the account has {there:figure} {other:word} that "
    "belong to no bot": "нужно {needed} {coin}, а свободно на счёте {there} {other}",
    "it needs {needed:figure} {coin:word}, and the bot has {there:figure} {other:word} left": (
        "нужно {needed} {coin}, а у бота осталось {there} {other}"
    ),
    "it needs {needed:figure} {coin:word}, and {there:figure} {other:word} can be used: what this "
    "bot has idle and what belongs to no bot": (
        "нужно {needed} {coin}, а можно взять {there} {other}: то, что у бота без дела, и то, что "
        "не занято ботами"
    ),
    "somebody has just taken what was free of {coin:word}: try again": (
        "свободные {coin} только что заняты: повторите"
    ),
    "it is stopping: start it again once it has stopped": (
        "он останавливается: запустите его снова, когда остановится"
    ),
    "stop it first": "сначала остановите его",
    "orders of it may still trade: cancel them first": (
        "его ордера ещё могут исполниться: сначала отмените их"
    ),
    "there is no bot {id:count}": "бота {id} нет",
    "there is no order {id:count}": "ордера {id} нет",
    "there is no account {id:word}": "счёта {id} нет",
    "there is no strategy {name:text}": "стратегии {name} нет",
    "there is no strategy {name:text}; known: {known:text}": "стратегии {name} нет, есть: {known}",
    "there is no strategy of this name; there is: {known:text}": (
        "стратегии с таким именем нет, есть: {known}"
    ),
    "the account is on {exchange:word}": "счёт на бирже {exchange}",
    "the account is a {mode:said} account": "у счёта другой режим: {mode}",
    # A grid's orders.
    "line {line:count}": "линия {line}",
    "line {line:count} bought at {price:figure}": "линия {line} купила по {price}",
    "line {line:count} bought a part at {price:figure}": "линия {line} купила часть по {price}",
    "bought at the start for line {line:count}": "куплено при запуске для линии {line}",
    "sold at {sold:figure} after buying at {low:figure}": (
        "продано по {sold} после покупки по {low}"
    ),
    "sold at {sold:figure} after buying at {low:figure}, earned {sum:figure} {quote:word}, buying "
    "again one line lower": (
        "продано по {sold} после покупки по {low}, заработано {sum} {quote}, покупаем снова "
        "линией ниже"
    ),
    "sold at {sold:figure} after buying at {low:figure}, lost {sum:figure} {quote:word}, buying "
    "again one line lower": (
        "продано по {sold} после покупки по {low}, потеряно {sum} {quote}, покупаем снова "
        "линией ниже"
    ),
    "buying {amount:figure} {coin:word} at {low:figure}, to sell at {high:figure}": (
        "покупаем {amount} {coin} по {low}, чтобы продать по {high}"
    ),
    "buying {amount:figure} {coin:word} at {low:figure}, as much as the free money allows, to sell "
    "at {high:figure}": (
        "покупаем {amount} {coin} по {low}, на сколько хватает денег, чтобы продать по {high}"
    ),
    "selling {amount:figure} {coin:word} at {price:figure}": "продаём {amount} {coin} по {price}",
    "selling {amount:figure} {coin:word} at market": "продаём {amount} {coin} по рынку",
    "{lines:count} lines above {price:figure} need coins to sell: buying {amount:figure} "
    "{coin:word}": "линий выше {price}: {lines}, им нужны монеты на продажу: покупаем "
    "{amount} {coin}",
    "the start cost more than planned: line {line:count} waits for money": (
        "запуск обошёлся дороже, чем рассчитано: линия {line} ждёт денег"
    ),
    "line {line:count} waits: with {money:figure} {quote:word} free no buy at {price:figure} would "
    "pass": "линия {line} ждёт: свободно {money} {quote}, для покупки по {price} этого мало",
    "the buy on line {line:count}": "покупка на линии {line}",
    "the sell on line {line:count}": "продажа на линии {line}",
    "{order:said} was refused ({why:said}): it waits for the next fill": (
        "{order}: отказ ({why}), ждёт следующей сделки"
    ),
    "{order:said} was lost, placing it again": "{order}: ордер пропал, размещаем его снова",
    "{order:said} was lost ({why:said}), placing it again": (
        "{order}: ордер пропал ({why}), размещаем его снова"
    ),
    "{order:said} was lost {times:count} times in a row: it waits for the next fill": (
        "{order}: ордер пропал подряд раз: {times}, ждёт следующей сделки"
    ),
    "{order:said} was lost {times:count} times in a row ({why:said}): it waits for the next fill": (
        "{order}: ордер пропал подряд раз: {times} ({why}), ждёт следующей сделки"
    ),
    "the first buy was refused ({why:said}): lines above the price wait for the next fill": (
        "в первой покупке отказано ({why}): линии выше цены ждут следующей сделки"
    ),
    # A grid's course.
    "the parameters changed": "параметры изменены",
    "the parameters changed while stopped": "параметры изменены, пока бот стоял",
    "the grid is built anew": "сетка строится заново",
    "the last sale failed ({why:said}): {left:said}": (
        "последняя продажа не удалась ({why}): {left}"
    ),
    "no orders, {coins:said}": "ордеров нет, {coins}",
    "{orders:count} orders stay on the exchange, {coins:said}": (
        "ордеров осталось на бирже: {orders}, {coins}"
    ),
    "no {coin:word} left": "{coin} не осталось",
    "{amount:figure} {coin:word} left, worth about {value:figure} {quote:word}": (
        "осталось {amount} {coin}, это около {value} {quote}"
    ),
    "{profit:figure} {quote:word} earned in {cells:count} cell": (
        "заработано {profit} {quote}, ячеек: {cells}"
    ),
    "{profit:figure} {quote:word} earned in {cells:count} cells": (
        "заработано {profit} {quote}, ячеек: {cells}"
    ),
    # The prices a grid watches.
    "stop loss at {price:figure}": "стоп-лосс на {price}",
    "take profit at {price:figure}": "тейк-профит на {price}",
    "the range ends at {price:figure}": "диапазон кончается на {price}",
    "it is not set any more": "больше не задано",
    "the grid has ended": "сетка завершена",
    "price {price:figure} reached the stop loss at {loss:figure}": (
        "цена {price} достигла стоп-лосса на {loss}"
    ),
    "price {price:figure} reached the take profit at {profit:figure}": (
        "цена {price} достигла тейк-профита на {profit}"
    ),
    "price {price:figure} left the range below {end:figure}: the grid waits until it is back at "
    "{back:figure}": (
        "цена {price} вышла из диапазона ниже {end}: сетка ждёт её возврата к {back}"
    ),
    "price {price:figure} left the range above {end:figure}: the grid waits until it is back at "
    "{back:figure}": (
        "цена {price} вышла из диапазона выше {end}: сетка ждёт её возврата к {back}"
    ),
    "price {price:figure} is back in the range": "цена {price} вернулась в диапазон",
    # Why a grid cannot be built.
    "lower must be at least one price step, {step:figure}": (
        "lower: не меньше одного шага цены, {step}"
    ),
    "upper must be above lower ({lower:figure}), for example {works:figure}": (
        "upper: выше lower ({lower}), например {works}"
    ),
    "lines: at most {most:count}, the market takes no more open orders": (
        "lines: не больше {most}, больше открытых ордеров рынок не принимает"
    ),
    "lines: at most {most:count}, with more two lines share a price (its step is {step:figure})": (
        "lines: не больше {most}, иначе две линии на одной цене (её шаг {step})"
    ),
    "lines: at most {most:count}, with {lines:count} a step does not cover the fee of {fee:figure} "
    "% twice": "lines: не больше {most}, при {lines} шаг не окупает комиссию {fee} % дважды",
    "lines: at most {most:count} with {money:figure} {quote:word}, or {enough:said}": (
        "lines: не больше {most} при {money} {quote}, или {enough}"
    ),
    "upper: at least {works:figure}, or no step covers the fee of {fee:figure} % twice": (
        "upper: не меньше {works}, иначе шаг не окупает комиссию {fee} % дважды"
    ),
    "investment: at most {most:figure} {quote:word}, the market's largest order": (
        "investment: не больше {most} {quote}, это самый большой ордер рынка"
    ),
    "investment: at least {least:figure} {quote:word} for {lines:count} lines": (
        "investment: не меньше {least} {quote} при числе линий {lines}"
    ),
    "orders must be worth {least:figure} {quote:word} or more": (
        "ордер должен стоить не меньше {least} {quote}"
    ),
    "stop_loss must be below lower and the price, for example {works:figure}": (
        "stop_loss: ниже lower и цены, например {works}"
    ),
    "stop_loss must be below lower and the price, where no price is: leave it out": (
        "stop_loss: ниже lower и цены, а там цен нет: не задавайте его"
    ),
    "take_profit must be above upper and the price, for example {works:figure}": (
        "take_profit: выше upper и цены, например {works}"
    ),
    # A market's rules, and our last gate.
    "price must be a multiple of {step:figure}": "цена должна быть кратна {step}",
    "quantity must be a multiple of {step:figure}": "количество должно быть кратно {step}",
    "quantity must be at least {least:figure}": "количество: не меньше {least}",
    "quantity must be at most {most:figure}": "количество: не больше {most}",
    "quantity × price must be at least {least:figure} {quote:word}": (
        "количество × цена: не меньше {least} {quote}"
    ),
    "an order may be worth {most:figure} at most": "ордер может стоить не больше {most}",
}
